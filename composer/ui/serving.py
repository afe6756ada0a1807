"""Where and how the page is served: address, limits, what stays closed."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from composer import places
from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.errors import ComposerError, OptionError
from composer.ui.entrance import Guard
from composer.ui.theme import STYLESHEET, build_theme


def launch(demo: gr.Blocks) -> None:
    """Serve the page until it is interrupted.

    Raises:
        SystemExit: With one clear line, if the address will not do.
    """
    try:
        host, port = address(os.environ)
        check_port_is_free(host, port)
        check_nobody_edits(os.environ)
    except (ComposerError, OSError) as error:
        raise SystemExit(f"composer: {error}") from error
    demo.api_open = False  # or calls could pass by the queue, and by its limits
    demo.launch(server_name=host, server_port=port, **serving_options())


def check_nobody_edits(environment: Mapping[str, str]) -> None:
    """Refuse gradio's editing mode, in which visitors may change the program.

    Raises:
        OptionError: If it is switched on.
    """
    if environment.get("GRADIO_VIBE_MODE"):
        raise OptionError("GRADIO_VIBE_MODE lets visitors change the program; unset it")


def address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Read host and port from HOST and PORT; a Hugging Face Space serves all addresses.

    Raises:
        OptionError: If PORT is no port.
    """
    host = "0.0.0.0" if environment.get("SPACE_ID") else "127.0.0.1"
    text = environment.get("PORT") or "7860"
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise OptionError(f"PORT must be a whole number from 1 to 65535, got {text[:20]!r}")
    return environment.get("HOST") or host, int(text)


def check_port_is_free(host: str, port: int) -> None:
    """Raise `OSError` with one clear sentence if nothing can listen there."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise OSError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another with PORT="
        ) from error


def serving_options() -> dict[str, Any]:
    """Return how gradio serves: no monitoring, no sharing, no file but what is handed out."""
    return {
        "theme": build_theme(),
        "css_paths": STYLESHEET,
        "share": False,
        "show_error": False,
        "footer_links": ["api"],
        "max_file_size": MAX_UPLOAD_BYTES,
        "allowed_paths": [],
        "blocked_paths": [str(places.ASSETS / "checkpoints"), str(places.checkpoint_folder())],
        "enable_monitoring": False,
        "ssr_mode": False,
        "mcp_server": False,
        "run_history": False,
        "state_session_capacity": 500,
        "strict_cors": True,
        "app_kwargs": {"middleware": [Middleware(Guard)]},
    }
