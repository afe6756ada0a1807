"""The page over a fake studio: `python -m tests.browser.fake_app`.

STEP_S is a candidate's time; with ENGINES there is a second engine.
"""

import os

from composer.ui import build_app, launch
from tests.fake_studio import FakeComposer, FakeFiller, fake_fillings, fake_studio, two_engines

step_s = float(os.environ.get("STEP_S", "0.3"))
fillings = fake_fillings(FakeFiller(step_s))
engines = two_engines() if "ENGINES" in os.environ else {}
demo = build_app(fake_studio(compose_steps=FakeComposer(step_s), **fillings, **engines))

if __name__ == "__main__":
    launch(demo)
