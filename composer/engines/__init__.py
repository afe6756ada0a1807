"""Musical questions in, music out: the contract, the shelf of engines, and what each can do.

`base` is the contract, `shelf` finds and loads engines; a folder is a kind of engine. No module but
the shelf names an engine's class.
"""

from composer.engines.base import (
    Ask,
    Begun,
    Compose,
    Continue,
    Engine,
    Fill,
    Material,
    Play,
    Record,
    Sketch,
    Sound,
    Step,
    Stretch,
    Take,
)
from composer.engines.capabilities import Capabilities, Option
from composer.engines.menu import MenuEntry, check_menu, decide, named_for
from composer.engines.playing import play
from composer.engines.shelf import (
    Shelf,
    open_engine,
    open_shelf,
    open_sound,
    sound_model,
    upgrade_document,
    upgrade_tree,
)
from composer.engines.suggestions import Suggestion, menu_values
from composer.tokenizer.styles import style_of

__all__ = [
    "Ask",
    "Begun",
    "Capabilities",
    "Compose",
    "Continue",
    "Engine",
    "Fill",
    "Material",
    "MenuEntry",
    "Option",
    "Play",
    "Record",
    "Shelf",
    "Sketch",
    "Sound",
    "Step",
    "Stretch",
    "Suggestion",
    "Take",
    "check_menu",
    "decide",
    "menu_values",
    "named_for",
    "open_engine",
    "open_shelf",
    "open_sound",
    "play",
    "sound_model",
    "style_of",
    "upgrade_document",
    "upgrade_tree",
]
