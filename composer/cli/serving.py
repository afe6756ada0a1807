"""The commands that serve: app, api."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from composer.cli.terminal import add_command
from composer.settings import overridden


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    app = add_command(commands, "app", _app, "Open the page in the browser, and its API.")
    text = "Serve REST without the page, its documentation at /api/v1/docs."
    api = add_command(commands, "api", _api, text)
    for parser in (app, api):
        parser.add_argument("--host", help="address to listen on; HOST, or 127.0.0.1, if left out")
        parser.add_argument(
            "--port", type=int, help="port to listen on (1 to 65535); left out, PORT or 7860"
        )
    api.add_argument(
        "--workers",
        type=int,
        help="jobs at work at once, over one copy of the weights (1 to 64); left out, "
        "COMPOSER_CONCURRENCY or 1",
    )


@contextmanager
def _serving(options: argparse.Namespace, **paths: str) -> Iterator[TemporaryDirectory[str]]:
    """Give visitors' files a folder, and options their place among the settings.

    Args:
        options: As parsed.
        paths: Of the settings that options give, by the name of the option.
    """
    given = {path: getattr(options, name) for name, path in paths.items()}
    scratch = TemporaryDirectory(prefix="composer-", ignore_cleanup_errors=True)
    for name in ("GRADIO_TEMP_DIR", "MPLCONFIGDIR"):  # read on import; a home may not be writable
        os.environ.setdefault(name, f"{scratch.name}/{name.lower()}")
    values = {path: str(value) for path, value in given.items() if value is not None}
    with scratch, overridden(values):
        yield scratch


def _app(options: argparse.Namespace) -> None:
    with _serving(options, host="page.host", port="page.port") as scratch:
        from composer.ui import build_app, launch

        demo = build_app()

        def end(*_: object) -> None:
            if demo.rest:
                demo.rest.drain()
            scratch.cleanup()
            os._exit(0)

        # Also as the first process of a container, which ignores signals that it does not handle.
        signal.signal(signal.SIGTERM, end)
        launch(demo)


def _api(options: argparse.Namespace) -> None:
    paths = {"host": "page.host", "port": "page.port", "workers": "page.concurrency"}
    with _serving(options, **paths) as scratch:
        from composer.ui.rest.serving import serve

        serve()
        scratch.cleanup()
        os._exit(0)  # whatever still runs has had its time
