from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from composer.ui.inspect.figures import SCRIPT
from composer.ui.server import statics
from composer.ui.shared.score_view import MODULE
from tests.serving import Address


def test_scripts_and_soundfont_are_served_and_asked_for_anew(served_page: Address) -> None:
    script = httpx.get(f"{served_page}/{MODULE}")
    assert script.status_code == 200 and "javascript" in script.headers["content-type"]
    assert script.headers["cache-control"] == "no-cache"
    with httpx.stream("GET", f"{served_page}/composer-assets/soundfont") as font:
        assert next(font.iter_bytes(12)).startswith(b"RIFF")
        known = {"if-none-match": font.headers["etag"]}
    again = httpx.get(f"{served_page}/composer-assets/soundfont", headers=known)
    assert (again.status_code, again.content) == (304, b"")


def test_the_script_of_the_figures_is_served_small_and_kept_by_the_browser(
    served_page: Address,
) -> None:
    with httpx.stream(
        "GET", f"{served_page}/{SCRIPT}", headers={"accept-encoding": "gzip"}
    ) as script:
        assert script.status_code == 200 and script.headers["content-encoding"] == "gzip"
        assert "immutable" in script.headers["cache-control"]
        assert sum(map(len, script.iter_raw())) < 2_000_000


@pytest.mark.parametrize(
    "path",
    ["ui/../page.css", "ui/%2e%2e/page.css", "ui/..%2fcheckpoints/small/config.json", "ui/"],
)
def test_nothing_else_is_served(served_page: Address, path: str) -> None:
    assert httpx.get(f"{served_page}/composer-assets/{path}").status_code == 404


def test_the_page_is_compressed_for_who_takes_that(served_page: Address) -> None:
    with httpx.stream("GET", f"{served_page}/", headers={"accept-encoding": "gzip"}) as page:
        assert page.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in page.headers["vary"].lower()
        squeezed = b"".join(page.iter_raw())
    plain = httpx.get(f"{served_page}/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(squeezed) < len(plain.content) / 5


def test_who_asks_whether_the_page_is_there_is_told_without_making_it(
    served_page: Address,
) -> None:
    found = httpx.head(f"{served_page}/")
    assert (found.status_code, found.headers["content-length"]) == (200, "0")
    assert httpx.head(f"{served_page}/no-such-page").status_code == 404


def test_scripts_import_only_what_lies_beside_them() -> None:
    ours = [path for path in statics.SCRIPTS.glob("*.js")]
    assert ours
    for path in ours:
        for name in re.findall(r"from '([^']+)'", path.read_text(encoding="utf-8")):
            assert (path.parent / name).is_file(), f"{path.name} imports {name}"


def test_no_script_names_another_host() -> None:
    for path in Path(statics.SCRIPTS).glob("*.*s"):
        assert "://" not in path.read_text(encoding="utf-8"), path.name
