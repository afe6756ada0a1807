"""Where and how the page is served: address, limits, what stays closed."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.routes import ORJSONResponse
from starlette.middleware import Middleware

from composer import places, settings
from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.errors import OptionError
from composer.ui.live.routes import LiveService
from composer.ui.server import statics, storage, traffic
from composer.ui.server.entrance import Entrance, Guard, PlainBlocks
from composer.ui.server.traffic import Tollgate
from composer.ui.studies.hosting import study_routes
from composer.ui.theme import STYLESHEETS, build_theme

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
# Before the page is drawn, so that nobody types into a field that is not watched yet.
HEAD = """<script type="module">
import(new URL('composer-assets/ui/fields.js', document.baseURI)).then((m) => m.watch());
</script>"""
# What a host for strangers needs, said when the page is opened to them.
PUBLIC_ADVICE = (
    "open to others; for strangers:",
    "  - https in front of it: without, browsers play no sound in the page",
    "  - FORWARDED_ALLOW_IPS=address of that proxy, or all visitors share one rate limit",
    "  - COMPOSER_CALLS_PER_MINUTE (240) a visitor, COMPOSER_CONCURRENCY (1) runs at once",
    "  - COMPOSER_FILES_MB (2000) for the files of all visitors; each lives an hour at most",
    "  - a line of JSON for every call is written to the standard error",
)


def launch(demo: gr.Blocks) -> None:
    """Serve the page until it is interrupted.

    Raises:
        OptionError: If the address or a switch will not do.
    """
    page = settings.read().page
    check_port_is_free(page.host, page.port)
    check_nobody_edits(os.environ)
    rest = demo.rest if isinstance(demo, PlainBlocks) else None
    options = serving_options(rest.tollgate if rest else None)
    own = options.pop("app_kwargs")
    server = Entrance(rest.app if rest else None, default_response_class=ORJSONResponse, **own)
    bounds = storage.Bounds(page.files_mb * 1_000_000)
    if page.host not in LOCAL_HOSTS:
        sys.stderr.write("\n".join(PUBLIC_ADVICE) + "\n")
        traffic.write_log()
    if folder := os.environ.get("GRADIO_TEMP_DIR"):  # else it is shared with other programs
        storage.keep_tidy(Path(folder), bounds)
    demo.api_open = False  # or calls could pass by the queue, and by its limits
    demo.launch(server_name=page.host, server_port=page.port, _app=server, **options)


def has_tool_server() -> bool:
    """Whether the public events are offered as tools (MCP), too: COMPOSER_MCP.

    Raises:
        OptionError: If they shall be, and the package for it is missing.
    """
    is_wanted = settings.read().page.mcp
    if is_wanted and find_spec("mcp") is None:
        raise OptionError("COMPOSER_MCP=1 needs a package more: pip install 'gradio[mcp]'")
    return is_wanted


def check_nobody_edits(environment: Mapping[str, str]) -> None:
    """Refuse gradio's editing mode, in which visitors may change the program.

    Raises:
        OptionError: If it is switched on.
    """
    if environment.get("GRADIO_VIBE_MODE"):
        raise OptionError("GRADIO_VIBE_MODE lets visitors change the program; unset it")


def check_port_is_free(host: str, port: int) -> None:
    """Refuse an address at which nothing can listen.

    Raises:
        OptionError: With one clear sentence.
    """
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise OptionError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port or PORT"
        ) from error


def serving_options(tollgate: Tollgate | None = None) -> dict[str, Any]:
    """Return how gradio serves: no monitoring, no sharing, no file but what is handed out.

    Args:
        tollgate: Counts the calls of addresses; one of the page alone if left out.

    Raises:
        OptionError: If a setting will not do.
    """
    page = settings.read().page
    tollgate = tollgate or Tollgate(page.calls_per_minute)
    return {
        "theme": build_theme(),
        "css_paths": STYLESHEETS,
        "head": HEAD,
        "share": False,
        "show_error": False,
        "footer_links": ["api"],
        "max_file_size": MAX_UPLOAD_BYTES,
        "allowed_paths": [],
        "blocked_paths": [str(places.ASSETS / "checkpoints"), str(places.checkpoint_folder())],
        "enable_monitoring": False,
        "ssr_mode": False,
        "mcp_server": has_tool_server(),
        "pwa": page.pwa,
        "favicon_path": statics.SCRIPTS / "icon.png",
        "run_history": False,
        "state_session_capacity": 500,
        "strict_cors": True,
        "app_kwargs": {
            "middleware": [Middleware(statics.Squeeze), Middleware(Guard, tollgate=tollgate)],
            "routes": [*statics.routes(), *study_routes(), *LiveService().routes()],
        },
    }
