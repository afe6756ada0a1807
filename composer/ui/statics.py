"""What the page fetches besides what gradio serves: its own scripts, and the soundfont.

Nothing else of the disk can be reached here: names lead into one folder, or to one file.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from composer import places
from composer.errors import MissingTool
from composer.rendering.audio.soundfonts import find_soundfont

PREFIX = "/composer-assets"
SCRIPTS = places.ASSETS / "ui"
# Asked for anew at every visit, answered "not modified" as long as that is true.
_FRESH = {"cache-control": "no-cache"}


class _Scripts(StaticFiles):
    """Static files that browsers ask for anew, so that pages and scripts never differ in age."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_FRESH)
        return response


def routes() -> list[BaseRoute]:
    """Return what the server serves before gradio's own pages."""
    return [
        Route(f"{PREFIX}/soundfont", _soundfont),
        Mount(f"{PREFIX}/ui", _Scripts(directory=SCRIPTS)),
    ]


async def _soundfont(request: Request) -> Response:
    """Send the soundfont that files are rendered with, too."""
    try:
        font = find_soundfont()
    except MissingTool:
        return Response(status_code=404)
    response = FileResponse(font, headers=_FRESH, stat_result=font.stat())
    is_known = request.headers.get("if-none-match") == response.headers["etag"]
    return Response(status_code=304, headers=_FRESH) if is_known else response
