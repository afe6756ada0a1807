"""Start the page: `python app.py`, as `composer app` does. A Hugging Face Space starts it so."""

import sys

from composer.cli import main

if __name__ == "__main__":
    sys.exit(main(["app"]))
