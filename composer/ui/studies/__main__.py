"""`python -m composer.ui.studies FOLDER`: serve one study until it is interrupted."""

import argparse
import os
import sys
from pathlib import Path

import uvicorn

from composer.errors import ComposerError
from composer.ui.studies.opening import open_study


def main() -> int:
    """Serve; return 2 with one line on the error stream if that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m composer.ui.studies")
    parser.add_argument("folder", type=Path, help="of the study, as `study plan --out` made it")
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 7861))
    parser.add_argument("--ballots", help="SQLite file, or URL of PostgreSQL; in the folder if out")
    parser.add_argument("--exports", type=Path, help="folder for a file a listener")
    options = parser.parse_args()
    try:
        server = open_study(options.folder, options.ballots, options.exports)
    except ComposerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    uvicorn.run(
        server, host=options.host, port=options.port, log_level="warning", server_header=False
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
