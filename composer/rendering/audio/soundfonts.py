"""Which soundfont to play with, and what stands in for what it lacks. Knows no notes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from composer.errors import MissingTool
from composer.places import SOUNDFONTS
from composer.theory import INSTRUMENTS

_SYSTEM_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts")
_NO_SOUNDFONT = (
    "sound needs a soundfont: name one in COMPOSER_SOUNDFONT, or"
    " `apt-get install timgm6mb-soundfont` on Debian and Ubuntu"
)
# General MIDI has families of eight: what stands in for each, and for members that sound unlike it.
_FAMILIES = (
    "piano", "piano", "organ", "guitar", "contrabass", "strings", "strings", "horn", "clarinet",
    "flute",
)  # fmt: skip
_UNLIKE = {
    7: "harpsichord",  # clavinet
    45: "guitar",  # plucked strings
    46: "guitar",  # harp
    47: "contrabass",  # timpani
    54: "solo voice",  # synthetic voice
    69: "oboe",  # cor anglais
}


def find_soundfont(soundfont: Path | None = None) -> Path:
    """Return the soundfont to play with.

    Left out, it is the one that COMPOSER_SOUNDFONT names, else the bundled one, else the one
    that comes with pretty_midi, else one of the system's.

    Raises:
        MissingTool: If there is none, or the named one is no soundfont.
    """
    named = soundfont or _setting()
    if named:
        if not _is_soundfont(named):
            raise MissingTool(f"'{named.name}' is missing or no soundfont; name an SF2 or SF3 file")
        return named
    font = next((font for font in _candidates() if _is_soundfont(font)), None)
    if font is None:
        raise MissingTool(_NO_SOUNDFONT)
    return font


def stand_in(program: int) -> int:
    """Return the program of ours that is most like another one of General MIDI.

    Args:
        program: 0-127.
    """
    family = program // 8
    usual = _FAMILIES[family] if family < len(_FAMILIES) else "piano"
    return INSTRUMENTS[_UNLIKE.get(program, usual)].program


def _setting() -> Path | None:
    from composer.settings import read

    named = read().sound.soundfont
    return named and named.expanduser()


def _candidates() -> Iterator[Path]:
    spec = find_spec("pretty_midi")
    with_pretty_midi = [Path(folder) for folder in (spec and spec.submodule_search_locations) or []]
    for folder in [SOUNDFONTS, *with_pretty_midi, *map(Path, _SYSTEM_FOLDERS)]:
        yield from sorted(font for font in folder.glob("*.sf[23]"))


def _is_soundfont(path: Path) -> bool:
    """Whether a file begins like a soundfont: a RIFF container of kind `sfbk`."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk"
