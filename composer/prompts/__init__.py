"""What a person says in a line -> settings: a grammar and a lexicon, in five languages.

    prompt = read_prompt("vierstimmiger Choral in h-Moll, 12 Takte", menu())
    prompt.settings   # form chorale, key B minor, parts 4, bars 12
    prompt.request(candidates=4)

`read_words` reads, `settle` holds what was read against a menu, `read_prompt` does both.
"""

from composer.prompts.reading import Phrase, Reading, read_words
from composer.prompts.settling import Prompt, read_prompt, settle

__all__ = ["Phrase", "Prompt", "Reading", "read_prompt", "read_words", "settle"]
