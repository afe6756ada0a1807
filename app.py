"""Start the page: `python app.py`. Also the entry point of a Hugging Face Space."""

import sys

from composer.errors import ComposerError
from composer.ui import build_app, launch

try:
    demo = build_app()
except ComposerError as error:
    sys.exit(f"composer: {error}")

if __name__ == "__main__":
    launch(demo)
