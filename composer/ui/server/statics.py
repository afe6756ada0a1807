"""What the page fetches besides what gradio serves: its own scripts, plotly's, and the soundfont.

Nothing else of the disk can be reached here: names lead into one folder, or to one file. Gradio
compresses what has an ending such as .js; `Squeeze` does so for the page itself, which has none.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipResponder
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from composer import places
from composer.errors import MissingTool
from composer.plots import PLOTLY_SCRIPT, PLOTLY_VERSION
from composer.rendering.audio.soundfonts import find_soundfont

PREFIX = "/composer-assets"
SCRIPTS = places.ASSETS / "ui"
# Asked for anew at every visit, answered "not modified" as long as that is true.
_FRESH = {"cache-control": "no-cache"}
# Has its version in its name, so that browsers need not ask again.
_LASTING = {"cache-control": "public, max-age=31536000, immutable"}

# The page with all its components is half a megabyte of text, a tenth of that compressed.
_LARGE_TEXTS = ("/", "/config", "/gradio_api/info")


class _Scripts(StaticFiles):
    """Static files that browsers ask for anew, so that pages and scripts never differ in age."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_FRESH)
        return response


class Squeeze:
    """Compress the page and its description, for whoever takes that.

    Who asks only whether the page is there (HEAD) is told so at once. Gradio asks itself at its
    start and gives up after three seconds, in which a busy host may not have made the page.

    Args:
        app: The server behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._app
        if scope["type"] == "http" and (scope["method"], scope["path"]) == ("HEAD", "/"):
            app = Response(media_type="text/html")
        elif scope["type"] == "http" and scope["path"] in _LARGE_TEXTS:
            accepted = Headers(scope=scope).get("accept-encoding", "")
            if "gzip" in accepted:
                app = GZipResponder(app, minimum_size=1000, compresslevel=5)
        await app(scope, receive, send)


def routes() -> list[BaseRoute]:
    """Return what the server serves before gradio's own pages."""
    return [
        Route(f"{PREFIX}/soundfont", _soundfont),
        Route(f"{PREFIX}/plotly-{PLOTLY_VERSION}.min.js", _plotly),
        Mount(f"{PREFIX}/ui", _Scripts(directory=SCRIPTS)),
    ]


async def _plotly(_: Request) -> Response:
    """Send the script that draws figures."""
    return FileResponse(PLOTLY_SCRIPT, headers=_LASTING, media_type="text/javascript")


async def _soundfont(request: Request) -> Response:
    """Send the soundfont that files are rendered with, too."""
    try:
        font = find_soundfont()
    except MissingTool:
        return Response(status_code=404)
    response = FileResponse(font, headers=_FRESH, stat_result=font.stat())
    is_known = request.headers.get("if-none-match") == response.headers["etag"]
    return Response(status_code=304, headers=_FRESH) if is_known else response
