"""Every hostile file ends in a piece or in one plain sentence, and nothing is left of it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from composer.corpus.midi import MAX_NOTES
from composer.corpus.uploads import read_score, read_score_bytes
from composer.corpus.uploads.limits import MAX_BARS
from composer.errors import ScoreFileError
from composer.worker import client
from tests.corpus.files import SCALE, score_bytes
from tests.corpus.hostile import GOOD_XML, hostile_files, write_files
from tests.sentences import is_plain

pytestmark = pytest.mark.slow
FILES = hostile_files()
GOOD_MIDI = score_bytes(SCALE)
MAX_GROWTH_BYTES = 500_000_000
# Odd, and music all the same.
READABLE = (
    "mid: longer header",
    "mid: 65535 tracks claimed",
    "mid: RIFF",
    "mid: unknown chunks",
    "mid: padding behind the end",
    "mid: realtime bytes within the track",
    "mid: song position within the track",
    "mid: no end of track",
    "mid: events behind the end of track",
    "mid: one-byte time signature",
    "mid: two-byte tempo",
    "mid: a grid of 32,767 ticks",
    "mid: SMPTE division",
    "mid: format 2",
    "mid: percussion only",
    "mid: 40 parts",
    "mid: tempo 0",
    "mid: meter 0/4",
    "mid: key of 100 sharps",
    "mid: a name of markup",
    "mid: a name of no encoding",
    "musicxml: a good score",
    "musicxml: a good score in UTF-16",
    "musicxml: UTF-16 without its mark",
    "musicxml: UTF-16 stated, UTF-8 written",
    "musicxml: a byte order mark",
    "musicxml: a DTD of an address",
    "musicxml: a stylesheet",
    "musicxml: a title of markup",
    "mxl: a good score",
    "mxl: no container",
    "mxl: two roots",
)


@pytest.fixture(scope="module", autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let the workers write into a folder that is looked at in the end."""
    client.stop_all()
    folder = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder
        client.stop_all()


def rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_ends_in_a_piece_or_in_a_plain_sentence(name: str) -> None:
    began_s, began_bytes = time.monotonic(), rss_bytes()
    try:
        piece = read_score_bytes(FILES[name], title="../<b>")
    except ScoreFileError as refusal:
        assert is_plain(str(refusal)), str(refusal)
        assert name not in READABLE, str(refusal)
    else:
        n_notes = piece.n_notes + sum(len(part.notes) for part in piece.percussion)
        assert 1 <= n_notes <= MAX_NOTES and 1 <= piece.n_bars <= MAX_BARS
        assert all(name.isprintable() for name in (piece.title, *(p.name for p in piece.parts)))
    assert time.monotonic() - began_s < 12
    assert rss_bytes() - began_bytes < MAX_GROWTH_BYTES
    if list(FILES).index(name) % 10 == 0:
        assert read_score_bytes(GOOD_MIDI).n_notes == len(SCALE)


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 150
    assert set(READABLE) <= set(FILES)


def test_nothing_is_left_and_the_next_score_is_read(scratch: Path, tmp_path: Path) -> None:
    before = sorted(Path.cwd().iterdir()), sorted(Path.home().iterdir())
    for path in write_files(tmp_path)[::20]:
        try:
            assert read_score(path).title
        except ScoreFileError as refusal:
            assert is_plain(str(refusal))
    assert read_score_bytes(GOOD_XML.encode()).n_notes == 1
    assert before == (sorted(Path.cwd().iterdir()), sorted(Path.home().iterdir()))
    assert not Path("unpickled").exists()
    client.stop_all()
    assert list(scratch.iterdir()) == []
