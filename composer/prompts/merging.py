"""Spans -> settings: what is said outright, what a mood suggests, and what cannot both be.

What is said outright stands above what a mood or a form suggests. Where two things are said of one
setting, the later one is taken and both are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from composer.engines import style_of
from composer.prompts.grammar import QUALITIES
from composer.prompts.lexicon import meanings
from composer.prompts.line import Span
from composer.theory import Key, key_from_signature

LEVELS = ("density", "register", "chromaticity", "liveliness")
_OPPOSITE = {"low": "high", "high": "low"}
_BOUND = {"low": "not low", "high": "not high"}
_TEMPO_BOUND = {"slow": "not slow", "rather slow": "not slow", "fast": "not fast"}
_LOUD = {"f": "mp", "ff": "mp", "p": "mf", "pp": "mf"}
# A mood is not its opposite's: of what is not wanted only the mode is turned round.
_OTHER_MODE = {"major": "minor", "minor": "major"}
_BARS = {"short": 8, "long": 48}
Range = tuple[float, float]


@dataclass(frozen=True)
class Contradiction:
    """Two things that a prompt says and that cannot both be.

    Args:
        setting: Of which.
        said: Both, as they were read.
        taken: What stands.
    """

    setting: str
    said: tuple[str, str]
    taken: str


@dataclass
class Draft:
    """Settings in the making.

    Args:
        settings: By name; a tempo as a range under `tempo`.
        suggested: What moods and forms suggest, by name.
        avoid: Names of what is not wanted.
        contradictions: Found so far.
        by_span: The settings that each span touched, by its number.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    suggested: dict[str, Any] = field(default_factory=dict)
    avoid: list[str] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    by_span: dict[int, dict[str, Any]] = field(default_factory=dict)

    def say(self, number: int, name: str, value: Any) -> None:
        """Set what is said outright."""
        before = self.settings.get(name)
        if name == "tempo" and before:
            both = max(before[0], value[0]), min(before[1], value[1])
            value = self._fit(name, before, value, both if both[0] <= both[1] else None)
        elif before is not None and before != value:
            value = self._fit(name, before, value, _narrower(name, before, value))
        self.settings[name] = value
        self.by_span.setdefault(number, {})[name] = value

    def _fit(self, name: str, before: Any, value: Any, both: Any) -> Any:
        if both is None:
            shown = _shown(name, before), _shown(name, value)
            self.contradictions.append(Contradiction(_SETTING.get(name, name), shown, shown[1]))
        return value if both is None else both

    def suggest(self, number: int, name: str, value: Any) -> None:
        """Set what a mood suggests; of modes that differ it is told."""
        before = self.suggested.get(name)
        if name == "mode" and before not in (None, value):
            self.contradictions.append(Contradiction("mode", (before, value), value))
        if name == "tempo" and before:
            low, high = max(before[0], value[0]), min(before[1], value[1])
            value = (low, high) if low <= high else value
        self.suggested[name] = value
        self.by_span.setdefault(number, {})[name] = value

    def shun(self, number: int, name: str) -> None:
        """Note what is not wanted."""
        if name not in self.avoid:
            self.avoid.append(name)
        self.by_span.setdefault(number, {})["avoid"] = name


_SETTING = {"tempo": "tempo_bpm"}


def _narrower(name: str, before: Any, value: Any) -> Any:
    """Return the narrower of two levels or loudnesses that agree; None if they do not."""
    for narrow, wide in ((before, value), (value, before)):
        if name in LEVELS and (narrow, wide) in (("low", "not high"), ("high", "not low")):
            return narrow
        if name in LEVELS and {before, value} == {"not low", "not high"}:
            return "medium"
        if name == "loudness" and (
            any(sign in narrow for sign in "<>") or (narrow, wide) in (("p", "mp"), ("f", "mf"))
        ):
            return narrow
    return None


def _shown(name: str, value: Any) -> str:
    if name == "tempo":
        return f"{value[0]:g} to {value[1]:g} bpm"
    return str(value)


def merge(spans: Sequence[Span]) -> Draft:
    """Return the settings that spans say together."""
    draft = Draft()
    for number, span in enumerate(spans):
        if span.state != "not available" and not (_is_guess(span) and not span.is_negated):
            _take(draft, number, span)
    _settle_style(draft, spans)
    _guess_moods(draft, spans)
    _settle_key(draft)
    return draft


def _is_guess(span: Span) -> bool:
    return span.kind == "guess" or (span.kind in ("mood", "style") and span.state == "guessed")


def _guessed(span: Span) -> dict[str, Any]:
    """Return what a word brings to mind; what was learned is told as a bound only."""
    if span.kind == "mood":
        return dict(meanings()["mood"][span.value])
    return {
        name: _BOUND[_OPPOSITE[value]] if name in LEVELS else value for name, value in span.value
    }


def _settle_style(draft: Draft, spans: Sequence[Span]) -> None:
    """Hold style and composer against each other; a word that may mean a style never contradicts.

    "Romantic" is a style as long as nothing else is said of style or composer, otherwise a mood.
    """
    composer = draft.settings.get("composer")
    own = style_of(composer)
    said = draft.settings.get("style")
    if own and said and own != said:
        both = str(said), f"{composer} ({own})"
        draft.contradictions.append(Contradiction("style", both, str(composer)))
        del draft.settings["style"]
        for told in draft.by_span.values():
            told.pop("style", None)
    for number, span in enumerate(spans):
        if span.kind == "style" and span.state == "guessed" and not span.is_negated:
            draft.by_span.setdefault(number, {})
            if said in (None, span.value) and own in (None, span.value):
                draft.settings["style"] = draft.by_span[number]["style"] = said = span.value
            elif span.value == "Romantic":
                _take_all(draft, number, meanings()["mood"]["lyrical"])


def _guess_moods(draft: Draft, spans: Sequence[Span]) -> None:
    """Let what words bring to mind fill what nothing else says: no guess contradicts a word."""
    for number, span in enumerate(spans):
        if span.kind in ("mood", "guess") and _is_guess(span):
            draft.by_span.setdefault(number, {})
            for name, value in ({} if span.is_negated else _guessed(span)).items():
                if name not in draft.settings and name not in draft.suggested:
                    told = tempo_range(value) if name == "tempo" else value
                    draft.suggest(number, name, told)


def _take(draft: Draft, number: int, span: Span) -> None:
    if span.kind in QUALITIES:
        _take_quality(draft, number, span)
    elif span.kind == "mode":
        draft.say(number, "mode", _OTHER_MODE[span.value] if span.is_negated else span.value)
    elif span.kind == "substitute":
        if not span.is_negated:
            _take_all(draft, number, meanings()["substitute"][span.value])
    elif span.kind == "signature":
        if not span.is_negated:
            draft.say(number, "signature", span.value)
            draft.by_span[number] = {"key": None}
    elif span.is_negated:
        _take_negated(draft, number, span)
    else:
        _take_name(draft, number, span)


def _take_negated(draft: Draft, number: int, span: Span) -> None:
    if span.kind in ("form", "composer", "style", "ensemble", "meter", "key"):
        draft.shun(number, str(span.value))


def _take_name(draft: Draft, number: int, span: Span) -> None:
    name = {"tempo_bpm": "tempo"}.get(span.kind, span.kind)
    value = int(span.value) if name == "parts" else span.value
    if name == "meter":
        value = str(value)
    draft.say(number, name, value)
    if name == "form":
        if value == "string quartet":
            draft.say(number, "ensemble", value)
        meter = meanings()["meter_of_form"].get(value)
        if meter:
            draft.suggest(number, "meter", meter)


def _take_all(draft: Draft, number: int, effects: Mapping[str, Any]) -> None:
    for name, value in effects.items():
        told = tempo_range(value) if name == "tempo" else value
        draft.suggest(number, name, told)


def _take_quality(draft: Draft, number: int, span: Span) -> None:
    if span.kind == "tempo":
        draft.say(number, "tempo", _tempo_of(span))
    elif span.kind == "loudness":
        _take_loudness(draft, number, span)
    elif span.kind == "mood":
        _take_mood(draft, number, span)
    elif span.kind == "length":
        value = "long" if (span.value == "short") == span.is_negated else "short"
        draft.suggest(number, "bars", _BARS[value])
    else:
        draft.say(number, span.kind, level_of(span))


def _take_loudness(draft: Draft, number: int, span: Span) -> None:
    if span.is_negated or span.degree == "less":
        if span.value in _LOUD:
            draft.suggest(number, "loudness", _LOUD[span.value])
    elif span.degree == "very" and span.value in ("p", "f"):
        draft.say(number, "loudness", span.value * 2)
    elif span.degree == "rather" and span.value in ("p", "f"):
        draft.say(number, "loudness", "m" + span.value)
    else:
        draft.say(number, "loudness", span.value)


def _take_mood(draft: Draft, number: int, span: Span) -> None:
    effects = meanings()["mood"][span.value]
    if not span.is_negated:
        _take_all(draft, number, effects)
    elif span.degree not in ("too", "very") and "mode" in effects:
        draft.suggest(number, "mode", _OTHER_MODE[effects["mode"]])
    else:
        draft.by_span.setdefault(number, {})
        for name, value in effects.items():
            if value in _BOUND:
                draft.suggest(number, name, _BOUND[value])
        if effects.get("tempo") in _TEMPO_BOUND and "mode" not in effects:
            draft.suggest(number, "tempo", tempo_range(_TEMPO_BOUND[effects["tempo"]]))


def level_of(span: Span) -> str:
    """Return a level: `not too dense` is at most medium, `less dense` and `not dense` are low."""
    value = str(span.value)
    if span.is_negated:
        return _BOUND[value] if span.degree in ("too", "very", "rather") else _OPPOSITE[value]
    if span.degree == "less":
        return _OPPOSITE[value]
    return _BOUND[_OPPOSITE[value]] if span.degree == "rather" else value


def tempo_range(name: str) -> Range:
    """Return the range of a tempo word, in beats a minute."""
    low, high = meanings()["tempo"][name]
    return float(low), float(high)


def _tempo_of(span: Span) -> Range:
    sides = meanings()["side"]
    name = str(span.value)
    side = next((side for side, names in sides.items() if name in names), None)
    if side is None:
        return tempo_range(name)
    other = "fast" if side == "slow" else "slow"
    if span.is_negated and not span.degree and name != side:
        return tempo_range(f"not {side}")
    if span.is_negated or span.degree == "less":
        return tempo_range(f"not {side}")
    if span.degree == "very":
        return _further(name, side, other)
    return tempo_range(f"rather {side}") if span.degree == "rather" else tempo_range(name)


def _further(name: str, side: str, other: str) -> Range:
    if name in ("slow", "fast"):
        return tempo_range(f"very {side}")
    low, high = tempo_range(name)
    middle = (low + high) / 2
    return (low, middle) if other == "fast" else (middle, high)


def _settle_key(draft: Draft) -> None:
    """Hold key and mode against each other; suggestions fill what nobody said."""
    signature = draft.settings.pop("signature", None)
    if signature is not None and "key" not in draft.settings:
        mode = draft.settings.get("mode") or draft.suggested.get("mode") or "major"
        draft.settings["key"] = key_from_signature(signature, mode)
        for told in draft.by_span.values():
            if told == {"key": None}:
                told["key"] = draft.settings["key"]
    key, mode = draft.settings.get("key"), draft.settings.get("mode")
    if isinstance(key, Key):
        if mode not in (None, key.mode):
            draft.contradictions.append(Contradiction("key", (str(key), f"in {mode}"), str(key)))
        draft.settings.pop("mode", None)
        draft.suggested.pop("mode", None)
    meter, usual = draft.settings.get("meter"), draft.suggested.get("meter")
    form = draft.settings.get("form")
    if meter and usual and meter != usual and meanings()["meter_of_form"].get(form) == usual:
        draft.contradictions.append(Contradiction("meter", (f"{form} ({usual})", meter), meter))
    for name, value in draft.suggested.items():
        draft.settings.setdefault(name, value)
    low_high = draft.suggested.get("tempo")
    tempo = draft.settings.get("tempo")
    if low_high and tempo and tempo != low_high:
        low, high = max(tempo[0], low_high[0]), min(tempo[1], low_high[1])
        draft.settings["tempo"] = (low, high) if low <= high else tempo
