"""A visitor's own browser composes with what `export` wrote, without any server behind it."""

from __future__ import annotations

import gzip
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from composer.corpus import read_score
from composer.exporting import export_onnx
from composer.places import BUNDLED
from tests.browser.conftest import Tab

pytestmark = pytest.mark.browser
ORT = Path(__file__).parent / "vendor" / "onnxruntime-web"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files as a static host does, without a log."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    export_onnx(BUNDLED, folder)
    (folder / "ort").mkdir()
    for path in ORT.iterdir():
        if path.suffix == ".gz":
            (folder / "ort" / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        else:
            shutil.copyfile(path, folder / "ort" / path.name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_browser_composes_eight_bars_by_itself(
    browser: Browser, site: str, tmp_path: Path
) -> None:
    tab = Tab(browser, site, wait_for="#compose:enabled")
    tab.page.click("#compose")
    tab.page.wait_for_selector("#midi:visible", timeout=300_000)
    with tab.page.expect_download() as download:
        tab.page.click("#midi")
    path = tmp_path / "eight.mid"
    download.value.save_as(path)
    piece = read_score(path)
    assert piece.n_bars == 8 and len(piece.parts) == 4 and piece.n_notes > 60
    assert tab.outside == []
    tab.context.close()
