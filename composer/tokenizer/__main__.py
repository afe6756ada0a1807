"""`python -m composer.tokenizer`: print the tables of an event's fields."""

from __future__ import annotations

from composer.theory import STYLES
from composer.tokenizer import vocab


def main() -> None:
    """Print every range of ids, field by field."""
    for name, size, written, ranges in zip(
        vocab.FIELDS, vocab.TABLE_SIZES, vocab.WRITTEN_SIZES, _ranges(), strict=True
    ):
        print(f"{name}: {size} ids, of which a model may write the first {written}")
        for first, last, meaning in ranges:
            print(
                f"  {first:>4} - {last:<4} {meaning}"
                if last > first
                else f"  {first:>4}        {meaning}"
            )
    print(f"sections: {', '.join(vocab.SECTIONS)}")
    print(f"styles: {', '.join(STYLES)}")
    print(f"relations: {', '.join(vocab.RELATIONS)}")
    print(f"transpositions: {', '.join(map(str, vocab.TRANSPOSITIONS))}")
    print(f"meters: {', '.join(f'{n}/{d}' for n, d in vocab.METERS)}")


def _ranges() -> list[list[tuple[int, int, str]]]:
    """Return (first, last, meaning) of every range of ids, a list a field."""
    positions = vocab.MAX_BAR_POSITIONS
    conditions = [
        (vocab.CONDITION[name], vocab.CONDITION[name], f"condition: {name}")
        for name in vocab.CONDITION_ROWS
    ]
    time = [
        (vocab.BAR, vocab.BAR, "bar line"),
        (vocab.END, vocab.END, "end of the piece"),
        (
            vocab.POSITION,
            vocab.POSITION + positions - 1,
            "note at a position of the bar, 24 a quarter",
        ),
        (vocab.HOLE, vocab.HOLE, "hole: bars are left out here"),
        (vocab.FILL, vocab.FILL, "filling of the hole begins"),
        (vocab.GAP, vocab.GAP, "gap: bars are not shown"),
        (vocab.GIVEN, vocab.GIVEN, "bar line of given parts, one bar ahead"),
        *conditions,
        (vocab.ECHO, vocab.ECHO, "echo: the bar takes up an earlier one"),
        (vocab.TIME_RESERVED, vocab.TIME_PAD - 1, "reserved"),
        (vocab.TIME_PAD, vocab.TIME_PAD, "filling"),
    ]
    part = [
        (0, vocab.MAX_PARTS - 1, "part, 0 the highest"),
        (vocab.TIED, vocab.TIED + vocab.MAX_PARTS - 1, "part, note tied over from a longer one"),
        (vocab.SECTION, vocab.PART_NONE - 1, "section of a bar"),
        (vocab.PART_NONE, vocab.PART_NONE, "none"),
        (vocab.STYLE, vocab.ROLE - 1, "style, with the condition composer"),
        (vocab.ROLE, vocab.RELATION - 1, "bar in a layout: new, taken up; both as cadence"),
        (vocab.RELATION, vocab.PART_RESERVED - 1, "relation of an echo"),
        (vocab.PART_RESERVED, vocab.N_PART - 1, "reserved"),
    ]
    pitch = [
        (0, vocab.N_PITCH_WRITTEN - 1, "MIDI pitch with the tonic on C"),
        (vocab.PITCH_NONE, vocab.PITCH_NONE, "none"),
        (vocab.BARS_LEFT, vocab.BARS_OPEN - 1, "bars left: 0-32, then coarse"),
        (vocab.BARS_OPEN, vocab.BARS_OPEN, "bars left: open"),
        (vocab.VALUE_COMPOSER, vocab.VALUE_FORM - 1, "composer"),
        (vocab.VALUE_FORM, vocab.VALUE_ENSEMBLE - 1, "form"),
        (vocab.VALUE_ENSEMBLE, vocab.VALUE_MODE - 1, "ensemble"),
        (vocab.VALUE_MODE, vocab.VALUE_PARTS - 1, "mode: open, major, minor, moved"),
        (vocab.VALUE_PARTS, vocab.VALUE_SHIFT - 1, "parts: open, 1-16"),
        (vocab.VALUE_SHIFT, vocab.PITCH_RESERVED - 1, "shift: open, -6 to 5 semitones"),
        (vocab.PITCH_RESERVED, vocab.N_PITCH - 1, "reserved"),
    ]
    duration = [
        (0, vocab.MAX_DURATION - 1, "length of a note, 1-384 positions"),
        (vocab.METER, vocab.METER_OPEN - 1, "meter of a bar"),
        (vocab.METER_OPEN, vocab.METER_OPEN, "meter: open"),
        (vocab.DURATION_NONE, vocab.DURATION_NONE, "none"),
        (vocab.TRANSPOSITION, vocab.N_DURATION - 1, "transposition of an echo"),
    ]
    return [time, part, pitch, duration]


if __name__ == "__main__":
    main()
