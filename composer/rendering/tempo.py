"""Usual tempi of the forms, because scores seldom state one. Knows no piece.

A tempo is quarters a minute, whatever the meter. Scores in long note values (a motet in 2/1) pass
more quarters a minute than scores in short ones, so each form's tempo is given with the pulse that
it is usually counted in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from composer.errors import OptionError
from composer.theory import Meter
from composer.units import DEFAULT_TEMPO_BPM, TEMPO_RANGE_BPM

# Wider than what may be asked: files state odd tempi, and MIDI cannot write fewer than 3.6.
PLAYABLE_TEMPO_BPM = (5.0, 500.0)


@dataclass(frozen=True, slots=True)
class UsualTempo:
    """How fast a form usually goes.

    Args:
        tempo_bpm: Quarters a minute.
        pulse_beats: The pulse of the form's usual meters, in quarters.
    """

    tempo_bpm: float
    pulse_beats: float = 1.0


# Moderate values, meant to be changed by ear. Sources where there are any:
# [G] F. Gaffurius, Practica musicae (1496), book 3: the semibreve is the pulse of quiet breathing.
# [Q] J. J. Quantz, Versuch einer Anweisung (1752), chapter 17, section 7: dances against a pulse of
#     80 (two quarters of a minuet, one of a sarabande, a bar of a bourree). His fast dances are
#     taken slower here, as is customary.
# [C] Chopin's printed metronome marks: nocturnes op. 9 and 27, mazurkas op. 6-24, etudes op. 10
# [J] S. Joplin, School of Ragtime (1908): rags are never played fast.
USUAL_TEMPI = {
    # Renaissance vocal music and its instrumental heirs, in whole or half notes [G]
    "motet": UsualTempo(208, 4),
    "mass": UsualTempo(208, 4),
    "chanson": UsualTempo(232, 4),
    "madrigal": UsualTempo(216, 4),
    "psalm": UsualTempo(200, 4),
    "canzona": UsualTempo(138, 2),
    "ricercar": UsualTempo(120, 2),
    # Sung with a congregation: room to breathe at the fermatas
    "chorale": UsualTempo(72),
    "hymn": UsualTempo(80),
    "song": UsualTempo(80),
    "cantata": UsualTempo(80),
    # Baroque pieces and dances
    "prelude": UsualTempo(76),
    "fugue": UsualTempo(76),
    "fantasia": UsualTempo(80),
    "toccata": UsualTempo(88),
    "invention": UsualTempo(76),
    "sinfonia": UsualTempo(72),
    "trio sonata": UsualTempo(84),
    "dance suite": UsualTempo(96),
    "allemande": UsualTempo(66),
    "courante": UsualTempo(120, 2),
    "sarabande": UsualTempo(63),  # [Q] has 80
    "gigue": UsualTempo(138, 1.5),
    "gavotte": UsualTempo(138, 2),
    "bourree": UsualTempo(160, 2),  # [Q]
    "minuet": UsualTempo(126),  # [Q] has 160
    # Classical forms: a mean of slow and fast movements
    "sonata": UsualTempo(104),
    "string quartet": UsualTempo(104),
    "variations": UsualTempo(88),
    "rondo": UsualTempo(112),
    "scherzo": UsualTempo(192),
    # The piano of the 19th century
    "character piece": UsualTempo(88),
    "nocturne": UsualTempo(72),  # [C]
    "mazurka": UsualTempo(138),  # [C]
    "etude": UsualTempo(112),  # [C] has more
    "polonaise": UsualTempo(96),
    "waltz": UsualTempo(168),
    "impromptu": UsualTempo(108),
    "ballade": UsualTempo(92),
    "rag": UsualTempo(84),  # [J]
    # Marches and dances of the 19th century
    "march": UsualTempo(108),
    "krakowiak": UsualTempo(112),
    "kujawiak": UsualTempo(108),
    "oberek": UsualTempo(168),
    "polka": UsualTempo(108),
    "galop": UsualTempo(132),
    "ecossaise": UsualTempo(112),
    "landler": UsualTempo(126),
}


def suggested_tempo_bpm(form: str | None, meter: Meter | None = None) -> float:
    """Return a tempo that suits a form, in quarters a minute.

    A meter with another pulse than the form's usual one moves the tempo by the square root of the
    ratio: half-way between equally fast quarters and equally fast pulses (a rule of thumb of ours).

    Args:
        form: A name in `USUAL_TEMPI`; any other gets the default tempo.
        meter: Of the piece; the form's usual one if left out.
    """
    usual = USUAL_TEMPI.get((form or "").strip().lower(), UsualTempo(DEFAULT_TEMPO_BPM))
    ratio = float(meter.pulse_beats) / usual.pulse_beats if meter else 1.0
    low, high = TEMPO_RANGE_BPM
    return float(min(high, max(low, round(usual.tempo_bpm * math.sqrt(ratio)))))


def check_tempo(tempo_bpm: float) -> float:
    """Return a tempo that can be played and written.

    Raises:
        OptionError: If it is out of `PLAYABLE_TEMPO_BPM` or no number.
    """
    low, high = PLAYABLE_TEMPO_BPM
    if not low <= tempo_bpm <= high:  # NaN, too
        raise OptionError(
            f"`tempo_bpm` must be from {low:g} to {high:g} quarters a minute, got {tempo_bpm!r}"
        )
    return float(tempo_bpm)
