"""Prompts over HTTP: `generate`, an ability, composes from one; `prompt` only reads one."""

from collections.abc import Callable
from typing import Any

from composer.errors import OptionError
from composer.prompts import Prompt, read_prompt
from composer.prompts.reading import MAX_CHARACTERS
from composer.ui.api.abilities import Ability, Steps, Value, setting_value
from composer.ui.api.calling import with_seed
from composer.ui.shared.settings import read_request
from composer.ui.studio import Studio

GENERATE = """Compose from a prompt in plain words; return the best candidate and composition.json.

In English, German, French, Spanish or Italian. `length_s` stands above what the prompt says;
`prompt` tells how the words are read, and composes nothing.
"""
# Beside the prompt, because no prompt says them.
GIVEN = ("length_s", "candidates", "seed", "engine")
TEXT = Value("prompt", str, help="what to compose, in plain words", most=MAX_CHARACTERS)


def generate_ability(studio: Studio) -> Ability:
    """Return `generate`: a prompt, and how many pieces are drawn."""

    def run(*, should_stop: Callable[[], bool], prompt: Any, **values: Any) -> Steps:
        given = {name: value for name, value in with_seed(values).items() if value is not None}
        found = read(studio, prompt)
        request = read_request({**found.settings, **given})
        return studio.compose_steps(request, should_stop=should_stop)

    values = (TEXT, *(setting_value(name) for name in GIVEN))
    example = {"prompt": "a chorale by Bach in G minor, 4 bars", "candidates": 2, "seed": 7}
    return Ability("generate", GENERATE, values, run, example)


def read(studio: Studio, text: Any) -> Prompt:
    """Return what a prompt asks for, with the menu of the usual engine.

    Raises:
        OptionError: If it is no text, or too long.
    """
    if not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_CHARACTERS:
        raise OptionError(f"`prompt` must be a text of 1 to {MAX_CHARACTERS} characters")
    return read_prompt(text, studio.menu())
