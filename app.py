"""Start the page: `python app.py`. Also the entry point of a Hugging Face Space."""

import os
import signal
import sys
from tempfile import TemporaryDirectory

scratch = TemporaryDirectory(prefix="composer-", ignore_cleanup_errors=True)
for name in ("GRADIO_TEMP_DIR", "MPLCONFIGDIR"):  # read on import; a home may not be writable
    os.environ.setdefault(name, f"{scratch.name}/{name.lower()}")
from composer.errors import ComposerError  # noqa: E402
from composer.ui import build_app, launch  # noqa: E402

try:
    demo = build_app()
except ComposerError as error:
    sys.exit(f"composer: {error}")
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: (scratch.cleanup(), os._exit(0)))  # also as process 1
    launch(demo)
