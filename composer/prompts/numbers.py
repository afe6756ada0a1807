"""Numbers in words, in five languages: `dreiundzwanzig`, `treinta y dos`, `quatre-vingt-un`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from composer.prompts.tokens import fold

MOST = 256


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_EN = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_EN_TENS = _words("- - twenty thirty forty fifty sixty seventy eighty ninety")
_DE = _words(
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn"
)
_DE_TENS = _words("- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
_FR = _words(
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze "
    "quinze seize dix-sept dix-huit dix-neuf"
)
_FR_TENS = _words("- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt")
_ES = _words(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
    "quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés "
    "veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
)
_ES_TENS = _words("- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_IT = _words(
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
    "quattordici quindici sedici diciassette diciotto diciannove"
)
_IT_TENS = _words("- - venti trenta quaranta cinquanta sessanta settanta ottanta novanta")


def _english(n: int) -> str:
    if n < 20:
        return _EN[n]
    if n < 100:
        return _EN_TENS[n // 10] + (f" {_EN[n % 10]}" if n % 10 else "")
    return f"{_EN[n // 100]} hundred" + (f" and {_english(n % 100)}" if n % 100 else "")


def _german(n: int) -> str:
    if n < 20:
        return "eins" if n == 1 else _DE[n]
    if n < 100:
        return (f"{_DE[n % 10]}und" if n % 10 else "") + _DE_TENS[n // 10]
    return f"{_DE[n // 100] if n > 199 else ''}hundert" + (_german(n % 100) if n % 100 else "")


def _french(n: int) -> str:
    if n < 20:
        return _FR[n]
    if n < 100:
        tens, unit = n // 10, n % 10 + (10 if n // 10 in (7, 9) else 0)
        link = " et " if unit in (1, 11) and tens < 8 else " "
        return _FR_TENS[tens] + (f"{link}{_FR[unit]}" if unit else "s" * (n == 80))
    hundreds = "cent" if n < 200 else f"{_FR[n // 100]} cent"
    return f"{hundreds} {_french(n % 100)}" if n % 100 else hundreds + "s" * (n >= 200)


def _spanish(n: int) -> str:
    if n < 30:
        return _ES[n]
    if n < 100:
        return _ES_TENS[n // 10] + (f" y {_ES[n % 10]}" if n % 10 else "")
    hundreds = "cien" if n == 100 else "ciento" if n < 200 else "doscientos"
    return hundreds + (f" {_spanish(n % 100)}" if n % 100 else "")


def _italian(n: int) -> str:
    if n < 20:
        return _IT[n]
    if n < 100:
        tens, unit = _IT_TENS[n // 10], n % 10
        return (tens[:-1] if unit in (1, 8) else tens) + (_IT[unit] if unit else "")
    return ("" if n < 200 else _IT[n // 100]) + "cento" + (_italian(n % 100) if n % 100 else "")


# "Une trentaine", "una veintena", "una decina": about so many.
_ABOUT = {
    **{"dizaine": 10, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40},
    **{"cinquantaine": 50, "soixantaine": 60, "decena": 10, "quincena": 15, "veintena": 20},
    **{"treintena": 30, "cuarentena": 40, "cincuentena": 50, "decina": 10, "quindicina": 15},
    **{"ventina": 20, "trentina": 30, "quarantina": 40, "cinquantina": 50},
}

_SPELLERS: dict[str, Callable[[int], str]] = {
    "en": _english,
    "de": _german,
    "fr": _french,
    "es": _spanish,
    "it": _italian,
}


@cache
def number_words() -> dict[tuple[str, ...], float]:
    """Return numbers from 1 to `MOST` by their folded words, and German ones with a half."""
    found: dict[tuple[str, ...], float] = {}
    for spell in _SPELLERS.values():
        for number in range(1, MOST + 1):
            words = tuple(fold(spell(number)).replace("-", " ").split())
            found[words] = number
            found[tuple(word for word in words if word != "and")] = number
    found |= {(fold(_DE[n]) + "einhalb",): n + 0.5 for n in range(2, 13)}
    found |= dict.fromkeys([("hundred",), ("hundert",), ("cento",)], 100)
    found |= {(word, *of): n for word, n in _ABOUT.items() for of in ((), ("de",), ("di",))}
    # A feminine or shortened one before a noun, and what a dictation writes apart.
    articles = _words("ein eine einen einer une una un")
    return found | dict.fromkeys(((word,) for word in articles), 1)
