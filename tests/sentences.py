"""What a sentence for a person looks like: no path, class, null or traceback, and not too long."""

from __future__ import annotations

import re

MAX_CHARACTERS = 200
_FOREIGN = re.compile(
    r"""[/\\]\w[\w.-]*[/\\]          # a path
    | \.py\b | \bcomposer\. | \bmusic21\b | \bsymusic\b
    | \b(null|None|NaN|Traceback|Exception|errno)\b
    | \w(Error|Exception|Warning)\b
    | 0x[0-9a-f]{4} | <[a-z/] | \{ | \n | \x00
    """,
    re.VERBOSE,
)


def is_plain(sentence: object) -> bool:
    """Whether a refusal can be shown to a person as it is."""
    return (
        isinstance(sentence, str)
        and 15 <= len(sentence) < MAX_CHARACTERS
        and sentence.isprintable()
        and not _FOREIGN.search(sentence)
        and sentence[0] not in " .,;:"
        and (sentence[-1].isalnum() or sentence[-1] in ")'")
    )
