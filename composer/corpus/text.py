"""Names out of foreign files -> names that may be shown. Knows characters only."""

from __future__ import annotations

MAX_NAME_LENGTH = 60


def own_name(text: str, instrument: str) -> str:
    """Return the name of a part; empty if it only repeats its instrument's."""
    name = clean_text(text)
    return "" if name.lower() == instrument.lower() else name


def clean_text(text: str, max_length: int = MAX_NAME_LENGTH) -> str:
    """Return one line of printable characters: no control codes, no changes of direction.

    What is longer than `max_length` characters is cut.
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:max_length]


# Lead bytes of Shift-JIS that other encodings leave to control codes or rare signs.
_SHIFT_JIS_LEADS = frozenset(range(0x81, 0xA0))


def decode_text(raw: bytes) -> str:
    """Return a text of a file that does not state its encoding.

    UTF-8 if it can be, else Shift-JIS, Cyrillic (CP1251) or Western European (CP1252) by the
    letters that it would hold: Cyrillic text has hardly a letter in ASCII, Western text many.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    if _SHIFT_JIS_LEADS.intersection(raw):
        try:
            return raw.decode("cp932")
        except UnicodeDecodeError:
            pass
    n_ascii = sum(byte < 0x80 and chr(byte).isalpha() for byte in raw)
    n_high = sum(byte >= 0xC0 for byte in raw)
    return raw.decode("cp1251" if n_high > n_ascii else "cp1252", errors="replace")
