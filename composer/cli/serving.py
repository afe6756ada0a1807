"""The command that starts the page: app."""

from __future__ import annotations

import argparse
import os
import signal
from tempfile import TemporaryDirectory
from typing import Any

from composer.cli.terminal import add_command
from composer.settings import overridden


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    parser = add_command(commands, "app", _app, "Open the page in the browser, and its API.")
    parser.add_argument("--host", help="address to listen on; HOST, or 127.0.0.1, if left out")
    parser.add_argument(
        "--port", type=int, help="port to listen on (1 to 65535); left out, PORT or 7860"
    )


def _app(options: argparse.Namespace) -> None:
    given = {f"page.{name}": getattr(options, name) for name in ("host", "port")}
    scratch = TemporaryDirectory(prefix="composer-", ignore_cleanup_errors=True)
    for name in ("GRADIO_TEMP_DIR", "MPLCONFIGDIR"):  # read on import; a home may not be writable
        os.environ.setdefault(name, f"{scratch.name}/{name.lower()}")
    with scratch, overridden({path: str(value) for path, value in given.items() if value}):
        from composer.ui import build_app, launch

        demo = build_app()

        def end(*_: object) -> None:
            scratch.cleanup()
            os._exit(0)

        # Also as the first process of a container, which ignores signals that it does not handle.
        signal.signal(signal.SIGTERM, end)
        launch(demo)
