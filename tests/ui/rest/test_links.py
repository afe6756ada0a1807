"""Links to files: they open one file for a while, and nothing else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from composer.ui.rest.links import BadLink, Links


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def opened(links: Links, link: str, **changes: str) -> Path:
    parts = urlsplit(link)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    name = changes.get("name", parts.path.removeprefix("files/"))
    return links.open(name, int(query["ends"]), query["signature"])


def test_a_link_opens_its_file_until_its_time_is_over(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a piece.mid"
    path.parent.mkdir()
    path.write_bytes(b"MThd")
    clock = Clock()
    links = Links(tmp_path, 60, clock)
    link, ends_s = links.make(path)
    assert ends_s == 1060 and opened(links, link) == path
    for changes in (
        {"ends": "9999"}, {"name": "folder/b.mid"}, {"signature": "0" * 64}, {"signature": "é"},
    ):  # fmt: skip
        with pytest.raises(BadLink):
            opened(links, link, **changes)
    with pytest.raises(BadLink):
        opened(Links(tmp_path, 60, clock), link)
    clock.now_s = 1061
    with pytest.raises(BadLink):
        opened(links, link)


def test_a_signed_way_out_of_the_folder_is_closed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    links = Links(tmp_path / "files", 60, Clock())
    signature = links._sign("../secret", 1060)
    with pytest.raises(BadLink):
        links.open("../secret", 1060, signature)
