"""What a file does not state: form by its name, ensemble by its parts, split by its path."""

from __future__ import annotations

import hashlib
import re

from composer.piece import Piece
from composer.theory import INSTRUMENTS

UNKNOWN_FORM = "piece"
# One file in this many is kept for validation.
VALID_SHARE = 25

# Words in file names -> form; the first that fits wins, so the narrower ones stand first.
FORM_WORDS = {
    "trio sonata": ("trio sonata", "triosonata", "sonata a tre"),
    "string quartet": ("string quartet", "quartet", "quartett", "quatuor"),
    "chorale": ("chorale", "choral", "chorales", "harmonisation"),
    "dance suite": ("suite", "partita"),
    "variations": ("variations", "variation", "variationen"),
    "fugue": ("fugue", "fuga", "fuge"),
    "invention": ("invention", "inventio"),
    "sinfonia": ("sinfonia", "sinfonie"),
    "sonata": ("sonata", "sonate", "sonatina", "sonatine"),
    "prelude": ("prelude", "praeludium", "preludium", "preludio"),
    "toccata": ("toccata",),
    "fantasia": ("fantasia", "fantasie", "fantaisie", "fantasy"),
    "ricercar": ("ricercar", "ricercare"),
    "canzona": ("canzona", "canzon", "canzone"),
    "allemande": ("allemande", "allemanda"),
    "courante": ("courante", "corrente"),
    "sarabande": ("sarabande", "sarabanda"),
    "gigue": ("gigue", "giga"),
    "gavotte": ("gavotte", "gavotta"),
    "bourree": ("bourree",),
    "minuet": ("minuet", "menuet", "menuett", "minuetto"),
    "mazurka": ("mazurka", "mazurek"),
    "polonaise": ("polonaise", "polonez"),
    "krakowiak": ("krakowiak",),
    "waltz": ("waltz", "valse", "walzer"),
    "landler": ("landler", "laendler"),
    "polka": ("polka",),
    "galop": ("galop",),
    "ecossaise": ("ecossaise",),
    "nocturne": ("nocturne", "notturno"),
    "impromptu": ("impromptu",),
    "ballade": ("ballade",),
    "scherzo": ("scherzo",),
    "etude": ("etude", "etuede", "study"),
    "rondo": ("rondo", "rondeau"),
    "march": ("march", "marche", "marsch"),
    "rag": ("rag", "ragtime"),
    "mass": ("mass", "missa", "kyrie", "gloria", "credo", "sanctus", "agnus"),
    "motet": ("motet", "motetus"),
    "madrigal": ("madrigal",),
    "chanson": ("chanson",),
    "psalm": ("psalm",),
    "hymn": ("hymn", "hymnus"),
    "song": ("song", "lied"),
}
_LETTERS = re.compile(r"[^\W\d_]+")
_KEYBOARDS = frozenset(INSTRUMENTS[name].program for name in ("piano", "harpsichord", "organ"))
_STRINGS = frozenset(INSTRUMENTS[n].program for n in ("violin", "viola", "cello", "contrabass"))
_VIOLIN = INSTRUMENTS["violin"].program
_CHOIR = INSTRUMENTS["soprano"].program
_SOLO_VOICE = INSTRUMENTS["solo voice"].program


def form_of_name(name: str) -> str:
    """Return the form that a file name speaks of, `piece` if none."""
    text = f" {' '.join(_LETTERS.findall(name.lower()))} "
    return next(
        (form for form, words in FORM_WORDS.items() if any(f" {word} " in text for word in words)),
        UNKNOWN_FORM,
    )


def ensemble_of_piece(piece: Piece) -> str:
    """Return for whom a piece is, by the programs of its parts and, for violins, its form."""
    programs = [part.instrument.program for part in piece.parts]
    kinds = set(programs)
    if kinds <= _KEYBOARDS:
        return "keyboard"
    if kinds <= {_CHOIR}:
        return "choir"
    if kinds - _KEYBOARDS <= {_CHOIR, _SOLO_VOICE} and kinds & _KEYBOARDS:
        return "voice and piano"
    if kinds <= _STRINGS and len(programs) == 4:
        return "string quartet"
    is_trio = programs[:2] == [_VIOLIN] * 2 and kinds <= _KEYBOARDS | _STRINGS
    if is_trio and "sonata" in piece.form and len(programs) in (3, 4):
        return "trio sonata"
    return "ensemble"


def split_of_path(path: str) -> str:
    """Return `valid` for one path in `VALID_SHARE`, else `train`; everywhere the same."""
    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()
    return "valid" if int.from_bytes(digest[:4]) % VALID_SHARE == 0 else "train"
