"""Musical signs within words, such as the note of a tempo, as outlines instead of letters.

verovio writes them as letters of a music font, which few machines have. Its own outlines take their
place here, so that a page looks alike everywhere. Words stay words: any serif font will do.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FONT = "Leipzig"
_UNITS_PER_EM = 1000
# A text that begins with signs: its place, their size, the signs, and the words that follow.
_TEXT = re.compile(
    r'<text x="(?P<x>-?\d+)" y="(?P<y>-?\d+)" (?P<rest>[^>/]*)>(?P<body>.*?)</text>', re.DOTALL
)
_SIGNS = re.compile(
    rf'<tspan font-family="{_FONT}" font-size="(?P<size>[\d.]+)px">(?P<signs>[^<]*)</tspan>'
)
_STRAY = re.compile(rf'(<tspan) font-family="{_FONT}"([^>]*>)[^<]*(</tspan>)')
_OUTLINE = re.compile(r' d="([^"]+)"')
_ADVANCE = r'<g c="{code}"[^>]* h-a-x="([\d.]+)"'
# verovio leaves no room between the last sign and the words.
_SPACE_EM = 0.04
# verovio sets a tempo so low that its note touches the time signature: by so much it goes up, in
# its units, of which a space between two lines has 180.
_RAISE = 210
_SIZE = re.compile(r'font-size="([\d.]+)px"')
# Bold letters of a serif font are half an em wide, and wider in few words; behind them is a gap.
_WIDEST_EM, _GAP_EM = 0.58, 0.5


def draw_signs(page: str) -> str:
    """Replace the signs at the beginning of a text, or behind its first words, by outlines.

    Signs elsewhere are left out.
    """
    drawn = _TEXT.sub(_draw_text, page)
    return _STRAY.sub(r"\1\2\3", drawn)


def _draw_text(found: re.Match[str]) -> str:
    x, y = float(found["x"]), float(found["y"])
    body, drawn = found["body"], ""
    while signs := _SIGNS.search(body):
        before = body[: signs.start()]
        if words := _words_of(before):
            if drawn:
                break  # further words come first: their width is not known here
            size = max(map(float, _SIZE.findall(before)), default=0.0)
            x += _WIDEST_EM * size * len(words)
            y -= _RAISE
            drawn = _words_before(words, x, y, size)
            x += _GAP_EM * size
            before = re.sub(r">[^<]+<", "><", before)
        elif not drawn:
            y -= _RAISE
        scale = float(signs["size"]) / _UNITS_PER_EM
        for sign in signs["signs"]:
            outline, advance = _glyph(f"{ord(sign):04X}")
            drawn += f'<path transform="translate({x:g}, {y:g}) scale({scale:g}, {-scale:g})"'
            drawn += f' stroke="none" d="{outline}"/>'
            x += (advance + _SPACE_EM * _UNITS_PER_EM) * scale
        body = before + body[signs.end() :]
    return f'{drawn}<text x="{x:g}" y="{y:g}" {found["rest"]}>{body}</text>'


def _words_of(body: str) -> str:
    return re.sub(r"<[^>]*>", "", body).strip()


def _words_before(words: str, x: float, y: float, size: float) -> str:
    """Return words that end at a place, whatever font a screen has."""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="end" font-size="{size:g}px" font-weight="bold">'
        f"{words}</text>"
    )


@cache
def _glyph(code: str) -> tuple[str, float]:
    """Return outline and width of a sign; nothing if the font has none.

    Args:
        code: Hexadecimal, such as `ECA5`.
    """
    import verovio

    folder = Path(verovio.__file__).parent / "data"
    path = folder / _FONT / f"{code}.xml"
    if not path.is_file():
        return "", 0.0
    outline = _OUTLINE.search(path.read_text(encoding="utf-8"))
    table = (folder / f"{_FONT}.xml").read_text(encoding="utf-8")
    advance = re.search(_ADVANCE.format(code=code), table)
    return outline[1] if outline else "", float(advance[1]) if advance else 0.0
