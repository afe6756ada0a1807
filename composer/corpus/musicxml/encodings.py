"""XML in the encodings of old programs -> text. Knows declarations, and no element."""

from __future__ import annotations

import codecs
import re

from composer.errors import ScoreFileError

# Encodings that a file may declare, by Python's names; all others come from no notation program.
_ENCODINGS = frozenset(
    (
        "utf-8", "ascii", "cp932", "shift_jis", "euc_jp", "iso2022_jp", "gb2312", "gbk", "gb18030",
        "big5", "euc_kr", "koi8-r", "mac-roman",
        *(f"iso8859-{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)),
        *(f"cp{number}" for number in range(1250, 1259)),
    )
)  # fmt: skip
DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,300}\?>")
_DECLARED_ENCODING = re.compile(
    rb"\A\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{1,40})[\"']"
)


def decode_xml(data: bytes) -> str:
    """Decode XML by its byte order mark, else by what it declares, else as UTF-8.

    Raises:
        ScoreFileError: If it is written in another encoding than it says, or in an unusual one.
    """
    declared = _DECLARED_ENCODING.match(data)
    encoding = declared[1].decode().lower() if declared else "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data[:2]:  # UTF-16 without its mark
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    elif encoding == "utf-16":  # what it cannot be; some programs state it nevertheless
        encoding = "utf-8"
    elif _python_name(encoding) not in _ENCODINGS:
        raise ScoreFileError("the file is written in an unusual encoding; save it as UTF-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ScoreFileError(
            "the file is not written in the encoding that it states; save it as UTF-8"
        ) from error


def _python_name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return ""
