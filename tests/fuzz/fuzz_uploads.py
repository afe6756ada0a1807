"""Feed the scans of uploads with files that grow odder by coverage: anything but a refusal crashes.

    python tests/fuzz/fuzz_uploads.py -runs=20000

Looks at what happens to a file before and around the parsers, in one process: kind, structure scan,
MIDI parser, JSON of the piece. Other options are libFuzzer's; atheris is a development tool.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["composer"]):
    from composer.corpus.midi import read_midi_bytes
    from composer.corpus.uploads.archives import unpack_score
    from composer.corpus.uploads.kinds import kind_of
    from composer.corpus.uploads.limits import check_music
    from composer.corpus.uploads.markup import tidy_xml
    from composer.errors import OptionError, ScoreFileError
    from composer.piece import Piece

from tests.corpus.files import SCALE, score_bytes
from tests.corpus.hostile import hostile_files
from tests.sentences import is_plain

MAX_SEED_BYTES = 4_000


def fuzz_one(data: bytes) -> None:
    """Look at one file in every way; the first byte chooses how it is dressed up."""
    for look in (_as_upload, _as_midi, _as_archive, _as_json):
        try:
            look(data)
        except (ScoreFileError, OptionError) as refusal:
            if not is_plain(str(refusal)):
                raise AssertionError(f"no plain sentence: {refusal}") from refusal


def _as_upload(data: bytes) -> None:
    kind_of(data)
    if data.startswith(b"<"):
        tidy_xml(data)


def _as_midi(data: bytes) -> None:
    if data.startswith((b"MThd", b"RIFF")):
        piece = read_midi_bytes(data)
        check_music(piece)
        if Piece.from_dict(json.loads(json.dumps(piece.to_dict()))) != piece:
            raise AssertionError("a piece changed on its way through JSON")


def _as_archive(data: bytes) -> None:
    if data.startswith(b"PK"):
        tidy_xml(unpack_score(data))


def _as_json(data: bytes) -> None:
    if data.startswith(b"{"):
        try:
            values = json.loads(data)
        except (ValueError, RecursionError):
            return
        Piece.from_dict(values)


def write_seeds(folder: Path) -> None:
    """Write the small ones of the hostile files, to begin from."""
    for number, data in enumerate(hostile_files().values()):
        if len(data) <= MAX_SEED_BYTES:
            (folder / f"{number:03d}").write_bytes(data)
    values = read_midi_bytes(score_bytes(SCALE[:2], key=(1, 0))).to_dict()
    (folder / "json").write_text(json.dumps(values))


def main() -> None:
    """Run with libFuzzer's options; seeds are made where none are given."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        arguments = list(sys.argv)
        if all(argument.startswith("-") for argument in arguments[1:]):
            write_seeds(Path(folder))
            arguments.append(folder)
        atheris.Setup(arguments, fuzz_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
