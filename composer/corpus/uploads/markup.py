"""MusicXML before any parser of music sees it: harmless XML with sane numbers, as UTF-8.

One pass counts elements and looks at the numbers that a score is laid out by; no tree is built.
Knows the names of MusicXML's elements, and not what they mean together.
"""

from __future__ import annotations

import re
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from composer.corpus.midi import MAX_NOTES, MAX_PARTS
from composer.corpus.musicxml.encodings import DECLARATION, decode_xml
from composer.corpus.uploads.limits import MAX_BARS
from composer.errors import ScoreFileError

ROOTS = ("score-partwise", "score-timewise")
# Other formats of notation, and what would do.
_OTHER_ROOTS = {
    "museScore": "MuseScore's own format; export it there as MusicXML",
    "opus": "a list of scores; take one of them",
}
MAX_DEPTH = 100
MAX_ELEMENTS = 800_000
# Rests, grace notes and the tied parts of a note are <note> elements too.
MAX_NOTE_ELEMENTS = 3 * MAX_NOTES
MAX_REPEATS = 200
_MAX_TEXT = 1_000  # of a number; more is none
_SAVE_AGAIN = "save it again as MusicXML"


def tidy_xml(data: bytes) -> bytes:
    """Return a score as UTF-8 without a declaration, if nothing about it is odd.

    Raises:
        ScoreFileError: If it is no MusicXML, attacks the parser, or is laid out by odd numbers.
    """
    text = decode_xml(data)
    clean = DECLARATION.sub("", text, count=1).encode(errors="replace")
    census = _Census()
    # The declaration is gone, so this is UTF-8 whatever it said.
    parser = DefusedXMLParser(target=census, forbid_dtd=False, encoding="utf-8")
    parser.parser.StartDoctypeDeclHandler = _refuse_own_rules
    try:
        parser.feed(clean)
        parser.close()
    except DefusedXmlException as error:
        raise ScoreFileError(f"the file defines rules of its own (a DTD); {_SAVE_AGAIN}") from error
    except (ParseError, ValueError, RecursionError) as error:
        raise ScoreFileError(f"the file is no well-formed XML; {_SAVE_AGAIN}") from error
    census.check()
    return clean


def _refuse_own_rules(name: str, system: Any, public: Any, has_internal_subset: int) -> None:
    """Let the usual reference to MusicXML's own DTD pass; it is never fetched."""
    if has_internal_subset:
        raise ScoreFileError(f"the file defines rules of its own (a DTD); {_SAVE_AGAIN}")


class _Census:
    """Counts elements as they pass, and checks numbers as they end."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.counts: dict[str, int] = {}
        self.bars_of_part = 0
        self.n_elements = 0
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Count an element."""
        if not self.path and tag not in ROOTS:
            what = _OTHER_ROOTS.get(tag.rpartition("}")[2], "XML, but no MusicXML score")
            raise ScoreFileError(f"the file is {what}: give a .musicxml or .mxl file")
        self.path.append(tag)
        self.n_elements += 1
        if len(self.path) > MAX_DEPTH or self.n_elements > MAX_ELEMENTS:
            raise ScoreFileError(f"the file is nested too deeply or too long; {_SAVE_AGAIN}")
        if tag in _COUNTED:
            self._count(tag)
        if tag == "repeat":
            _check_times(attributes.get("times", "2"))
        self._text = [] if tag in _NUMBERS else None

    def _count(self, tag: str) -> None:
        if tag == "part" and self.path[0] == ROOTS[0]:
            self.counts["measure"] = 0  # bars are counted part by part
        self.counts[tag] = found = self.counts.get(tag, 0) + 1
        limit, what = _COUNTED[tag]
        if found > limit:
            raise ScoreFileError(f"the file has more than {limit:,} {what}, too many to be read")

    def data(self, text: str) -> None:
        """Keep the text of a number."""
        if self._text is not None and sum(map(len, self._text)) <= _MAX_TEXT:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Check a number."""
        if tag in _NUMBERS and self._text is not None:
            low, high = _NUMBERS[tag]
            _check_number(tag, "".join(self._text), low, high)
        self._text = None
        self.path.pop()

    def close(self) -> None:
        """End, as parsers ask."""

    def check(self) -> None:
        """Refuse a score without notes."""
        if not self.counts.get("note"):
            raise ScoreFileError("no notes found in the file; give a score with some")


_COUNTED = {
    "score-part": (4 * MAX_PARTS, "parts"),
    "part": (10**9, "parts"),
    "measure": (MAX_BARS, "bars"),
    "note": (MAX_NOTE_ELEMENTS, "notes and rests"),
    "repeat": (MAX_REPEATS, "repeat signs"),
    "time": (MAX_BARS, "time signatures"),
    "key": (MAX_BARS * 4, "key signatures"),
    "sound": (MAX_NOTES, "changes of sound"),
}
# Least and greatest values that a real score may have.
_NUMBERS: dict[str, tuple[float, float]] = {
    "beats": (1, 64),
    "beat-type": (1, 64),
    "divisions": (0.01, 1_000_000),
    "duration": (0, 100_000_000),
    "octave": (0, 9),
    "alter": (-4, 4),
    "fifths": (-14, 14),
    "per-minute": (1, 2_000),
    "midi-program": (0, 128),  # 0 says nothing
    "actual-notes": (1, 1_000),
    "normal-notes": (1, 1_000),
    "chromatic": (-127, 127),
    "octave-change": (-10, 10),
    "staves": (1, 16),
    "multiple-rest": (1, MAX_BARS),
}
_SUMS = frozenset(("beats",))  # such as 3+2
_WORDY = frozenset(("per-minute",))  # such as "ca. 120"
_NUMBER = re.compile(r"\s*[+-]?\d{1,12}(\.\d{0,12})?\s*", re.ASCII)


def _check_number(tag: str, text: str, low: float, high: float) -> None:
    terms = text.split("+") if tag in _SUMS else [text]
    if all(_NUMBER.fullmatch(term) for term in terms):
        is_odd = not low <= sum(map(float, terms)) <= high
    else:
        is_odd = tag not in _WORDY
    if is_odd:
        raise ScoreFileError(f"the file has {_shown(text)} as its {tag}, which no score can have")


def _check_times(text: str) -> None:
    if not text.isdecimal() or len(text) > 3 or int(text) > 16:
        raise ScoreFileError(f"the file repeats a passage {_shown(text)} times; write it out")


def _shown(text: str) -> str:
    return f"'{text.strip()[:20]}'" if _NUMBER.fullmatch(text) else "no number"
