"""Piece <-> events: MidiTok REMI folded, conditions, holes, masks.

Names are loaded when they are first used, so that training, which needs only `vocab` and `holes`,
runs where MidiTok is not installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from composer.tokenizer.conditions import (
        Conditions,
        conditions_of,
        conditions_of_request,
        encode_conditions,
    )
    from composer.tokenizer.encoding import (
        decode,
        decode_bars,
        encode,
        encode_bars,
        quantise,
    )
    from composer.tokenizer.vocab import Events, Vocabulary

_HOMES = {
    "Conditions": "conditions",
    "Events": "vocab",
    "Vocabulary": "vocab",
    "conditions_of": "conditions",
    "conditions_of_request": "conditions",
    "decode": "encoding",
    "decode_bars": "encoding",
    "encode": "encoding",
    "encode_bars": "encoding",
    "encode_conditions": "conditions",
    "quantise": "encoding",
}
__all__ = [
    "Conditions",
    "Events",
    "Vocabulary",
    "conditions_of",
    "conditions_of_request",
    "decode",
    "decode_bars",
    "encode",
    "encode_bars",
    "encode_conditions",
    "quantise",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
