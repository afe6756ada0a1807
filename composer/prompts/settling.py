"""A reading and a menu -> the settings of a request, with what cannot be had told.

Everything that was read is kept or named: a pair of composer and form that nobody can write loses
its form, a length and a number of bars decide the tempo, a range of tempi the value in it that is
nearest to what is usual for the form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from composer.engines import MenuEntry
from composer.prompts.merging import Contradiction
from composer.prompts.reading import Phrase, Reading, read_words
from composer.rendering import suggested_tempo_bpm
from composer.rendering.tempo import USUAL_TEMPI
from composer.request import Request
from composer.theory import parse_meter
from composer.units import TEMPO_RANGE_BPM

# Forms in long note values: their beat is a whole or a half note, and a tempo word means that.
_LONG_PULSE_BEATS = 4
_SAME = ("form", "style", "ensemble", "parts", "meter", "mode", "loudness")
_LEVELS = ("density", "register", "chromaticity", "liveliness")


@dataclass(frozen=True)
class Prompt:
    """What a prompt asks for, ready to compose.

    Args:
        reading: The prompt as it was read, contradictions with the menu among its own.
        settings: Of a request, by name, as JSON values.
        tempo_range_bpm: From where to where the tempo may lie, in quarters a minute; None if it
            was left open.
    """

    reading: Reading
    settings: Mapping[str, Any]
    tempo_range_bpm: tuple[float, float] | None = None

    def request(self, **given: Any) -> Request:
        """Return the request; what is given besides comes first.

        Raises:
            OptionError: If a given value is out of its range.
        """
        return Request(**{**self.settings, **given})

    def to_dict(self) -> dict[str, Any]:
        """Return the settings and what became of every word, as JSON values."""
        reading = self.reading
        return {
            "prompt": reading.text,
            "language": reading.language,
            "settings": dict(self.settings),
            "tempo_range_bpm": self.tempo_range_bpm and list(self.tempo_range_bpm),
            "words": [
                {
                    "word": word,
                    "state": phrase.state,
                    "setting": ", ".join(phrase.settings) or None,
                    "value": phrase.to_dict()["settings"] or None,
                    "phrase": phrase.text,
                    "note": phrase.note,
                }
                for word, phrase in reading.words()
            ],
            "phrases": [phrase.to_dict() for phrase in reading.phrases],
            "contradictions": [
                {"setting": one.setting, "said": list(one.said), "taken": one.taken}
                for one in reading.contradictions
            ],
            "unread_characters": reading.unread,
        }


def read_prompt(text: str, menu: Sequence[MenuEntry], dropped: Collection[int] = ()) -> Prompt:
    """Read a prompt and settle it with a menu.

    Args:
        text: In English, German, French, Spanish or Italian.
        menu: Composers and forms on offer; with none, every name is taken.
        dropped: Starts of phrases to leave out of account, as in `read_words`.
    """
    return settle(read_words(text, dropped), menu)


def settle(reading: Reading, menu: Sequence[MenuEntry]) -> Prompt:
    """Return the settings of a request that are nearest to what was read."""
    said = dict(reading.settings)
    found: list[Contradiction] = []
    composer, form = _settle_pair(said, menu, found)
    style = _settle_style(said.get("style"), composer, form, menu, found)
    said |= {"composer": composer, "form": form, "style": style}
    if composer is None:
        said.pop("composer")
    settings: dict[str, Any] = {n: said[n] for n in _SAME if said.get(n) is not None}
    if form is None:
        settings.pop("form", None)
    settings |= {n: said[n] for n in _LEVELS if n in said}
    settings |= {"composer": composer} if composer else {}
    settings |= {"key": str(said["key"])} if said.get("key") else {}
    settings |= {"avoid": ", ".join(reading.avoid)} if reading.avoid else {}
    tempo = _tempo_range(said, form)
    settings |= _settle_length(said, tempo, found, settings.get("meter"))
    reading = replace(reading, contradictions=(*reading.contradictions, *found))
    reading = _with_names(reading, {"composer": composer, "form": form, "style": style})
    return Prompt(reading, settings, tempo)


def _settle_pair(
    said: Mapping[str, Any], menu: Sequence[MenuEntry], found: list[Contradiction]
) -> tuple[str | None, str | None]:
    composer, form = said.get("composer"), said.get("form")
    pairs = {(row.composer, row.form) for row in menu}
    if not menu or None in (composer, form) or (composer, form) in pairs:
        known = not menu or form is None or form in {row.form for row in menu}
        return composer, form if known else None
    forms = [row.form for row in menu if row.composer == composer]
    taken = f"{composer} ({', '.join(forms[:4])})" if forms else f"{form}"
    found.append(Contradiction("form", (str(form), str(composer)), taken))
    return (composer, None) if forms else (None, form)


def _settle_style(
    style: str | None,
    composer: str | None,
    form: str | None,
    menu: Sequence[MenuEntry],
    found: list[Contradiction],
) -> str | None:
    """Return the style if the menu has music of it in the form that was asked for."""
    if style is None or composer is not None or not menu:
        return style
    if any(row.style == style and form in (None, row.form) for row in menu):
        return style
    found.append(Contradiction("style", (style, form or "the menu"), form or "none"))
    return None


def _with_names(reading: Reading, settled: Mapping[str, str | None]) -> Reading:
    """Write into the phrases which of the names that they set are not on the menu."""
    phrases = tuple(_with_name(phrase, settled) for phrase in reading.phrases)
    return replace(reading, phrases=phrases)


def _with_name(phrase: Phrase, settled: Mapping[str, str | None]) -> Phrase:
    told = phrase.settings
    gone = [name for name, value in settled.items() if told.get(name) and value is None]
    if not gone:
        return phrase
    note = f"no {told[gone[0]]} is on the menu for the rest"
    left = {name: value for name, value in told.items() if name not in gone}
    return replace(phrase, state="not available", settings=left, note=note)


def _tempo_range(said: Mapping[str, Any], form: str | None) -> tuple[float, float] | None:
    tempo = said.get("tempo")
    if tempo is None:
        return None
    usual = USUAL_TEMPI.get(form or "")
    is_exact = tempo[0] == tempo[1]
    pulse = usual.pulse_beats if usual and not is_exact else 1.0
    scale = pulse if pulse >= _LONG_PULSE_BEATS else 1.0
    low, high = TEMPO_RANGE_BPM
    return min(high, tempo[0] * scale), max(low, min(high, tempo[1] * scale))


def _settle_length(
    said: Mapping[str, Any],
    tempo: tuple[float, float] | None,
    found: list[Contradiction],
    meter_text: str | None,
) -> dict[str, Any]:
    """Settle tempo, bars and seconds, of which two decide the third."""
    bars, length_s = said.get("bars"), said.get("length_s")
    meter = parse_meter(meter_text) if meter_text else None
    usual_bpm = suggested_tempo_bpm(said.get("form"), meter)
    settings: dict[str, Any] = {}
    if tempo is not None:
        settings["tempo_bpm"] = min(max(usual_bpm, tempo[0]), tempo[1])
    if bars is None or length_s is None:
        settings |= {"bars": bars} if bars is not None else {}
        settings |= {"length_s": length_s} if length_s is not None else {}
        if length_s and meter and tempo:
            settings["tempo_bpm"] = _whole_bars(length_s, meter.length_beats, tempo, usual_bpm)
        return settings
    beats = float(bars * (meter.length_beats if meter else 4))
    needed_bpm = beats * 60.0 / length_s
    low, high = tempo or TEMPO_RANGE_BPM
    if low <= needed_bpm <= high:
        return settings | {"bars": bars, "tempo_bpm": needed_bpm}
    both = f"{bars} bars", f"{length_s:g} seconds"
    found.append(Contradiction("bars", both, both[0]))
    return settings | {"bars": bars}


def _whole_bars(
    length_s: float, bar_beats: Any, tempo: tuple[float, float], usual_bpm: float
) -> float:
    """Return the tempo in a range that is nearest to the usual one and fills whole bars."""
    preferred = min(max(usual_bpm, tempo[0]), tempo[1])
    per_bar = float(bar_beats) * 60.0 / length_s
    fits = [n * per_bar for n in range(1, 513) if tempo[0] <= n * per_bar <= tempo[1]]
    return min(fits, key=lambda bpm: abs(bpm - preferred), default=preferred)
