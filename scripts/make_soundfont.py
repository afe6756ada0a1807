#!/usr/bin/env python3
"""Make the bundled soundfont: the presets that our ensembles use, cut out of a larger SF3 file.

    apt-get download musescore-general-soundfont-small
    dpkg-deb -x musescore-general-soundfont-small_0.2.1-1_all.deb source
    python scripts/make_soundfont.py source/usr/share/sounds/sf3/MuseScore_General_Lite.sf3

It walks presets -> instruments -> samples, keeps what is reached, and copies the compressed samples
byte for byte. The same source gives the same bytes. Knows the tables of a soundfont, and no sound.

Source:
    SoundFont Technical Specification 2.04 (E-mu Systems, 2006), sections 5 to 8. SF3, after
    MuseScore: samples are Ogg Vorbis files, their headers count bytes, their loops count frames
    from the beginning of the sample, and bit 4 of the sample type says so.
"""

from __future__ import annotations

import argparse
import hashlib
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

SOURCE_PACKAGE = "musescore-general-soundfont-small 0.2.1-1 (Debian 12)"
SOURCE_SHA256 = "916aaca6b0eb9f9083eb42399614acb2ff4ec72ce28dffff1814592a9696b479"
TARGET = Path(__file__).resolve().parents[1] / "soundfonts" / "composer.sf3"

# Generators, by their numbers in the specification, section 8.1.2
PAN, INSTRUMENT, VELOCITIES, ATTENUATION, SAMPLE = 17, 41, 44, 48, 53
HARD_RIGHT = 500
MONO, COMPRESSED = 1, 16  # of the kinds of samples
SAMPLE_FORM = "<20sIIIIIBbHH"
# One channel in the middle lacks 3 dB of two at the sides. Synthesisers take 0.4 of what a file
# says, as the E-mu hardware did, so it is written as 7.5 dB (in centibels).
MONO_LIFT_CB = 75

Generator = tuple[int, int]  # number, amount (two bytes, unsigned)
Modulator = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Wanted:
    """A preset to keep, and what to leave out of it.

    Args:
        program: General MIDI program, 0-127, of bank 0.
        name: As it will be called.
        is_mono: Whether its right channel is left out and the left one moved to the middle.
        without: Beginnings of the names of instruments (layers) to leave out.
        velocities: Ends of velocity ranges to move, so that the layers left cover them all.
    """

    program: int
    name: str
    is_mono: bool = False
    without: tuple[str, ...] = ()
    velocities: Mapping[int, int] = field(default_factory=dict)


WANTED = (
    # The louder of the piano's two layers begins at velocity 108, which we hardly reach.
    Wanted(0, "Piano", is_mono=True, without=("Piano FF",), velocities={3: 0, 107: 127}),
    Wanted(48, "Strings", is_mono=True),
    Wanted(6, "Harpsichord"), Wanted(19, "Church Organ"), Wanted(24, "Nylon Guitar"),
    Wanted(40, "Violin"), Wanted(41, "Viola"), Wanted(42, "Cello"), Wanted(43, "Contrabass"),
    Wanted(52, "Choir Aahs"), Wanted(53, "Voice Oohs"), Wanted(60, "French Horns"),
    Wanted(68, "Oboe"), Wanted(70, "Bassoon"), Wanted(71, "Clarinet"), Wanted(73, "Flute"),
)  # fmt: skip


@dataclass(frozen=True)
class Zone:
    """A line of a preset or an instrument: what to play where, and how."""

    generators: tuple[Generator, ...]
    modulators: tuple[Modulator, ...]

    def amount(self, number: int) -> int | None:
        """Return the amount of a generator; None if the zone is silent about it."""
        return dict(self.generators).get(number)

    def with_amount(self, number: int, amount: int) -> Zone:
        """Return the zone with a generator set; a new one goes before the last, which links."""
        if self.amount(number) is None:
            changed = (*self.generators[:-1], (number, amount), *self.generators[-1:])
        else:
            changed = tuple((n, amount if n == number else a) for n, a in self.generators)
        return replace(self, generators=changed)


@dataclass(frozen=True)
class Sample:
    """A compressed sample.

    Args:
        name, data: Its name of 20 bytes, and itself.
        facts: Beginning and end of its loop, sample rate, pitch, and its correction.
        kind: Mono, left, right; compressed or not.
    """

    name: bytes
    data: bytes
    facts: tuple[int, ...]
    kind: int


@dataclass(frozen=True)
class Preset:
    """A preset of bank 0."""

    name: bytes
    program: int
    zones: tuple[Zone, ...]


@dataclass(frozen=True)
class Font:
    """A soundfont in memory: instruments are known by name and zones, samples by header."""

    info: dict[bytes, bytes]
    presets: tuple[Preset, ...]
    instruments: tuple[tuple[bytes, tuple[Zone, ...]], ...]
    samples: tuple[Sample, ...]


class Shelf:
    """Gives things new places, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.places: dict[tuple[int, bool], int] = {}

    def place(self, index: int, is_mono: bool) -> int:
        """Return the new place of a thing."""
        return self.places.setdefault((index, is_mono), len(self.places))


class ZoneTables:
    """The tables of zones, generators and modulators, as they grow."""

    def __init__(self) -> None:
        self.bags: list[tuple[int, int]] = []
        self.generators: list[Generator] = []
        self.modulators: list[Modulator] = []

    def add(self, zones: Sequence[Zone]) -> int:
        """Append zones; return where they begin."""
        start = len(self.bags)
        for zone in zones:
            self.bags.append((len(self.generators), len(self.modulators)))
            self.generators += zone.generators
            self.modulators += zone.modulators
        return start

    def chunks(self, letter: bytes) -> dict[bytes, bytes]:
        """Return the tables with their closing marks, each name beginning with a letter."""
        bags = [*self.bags, (len(self.generators), len(self.modulators))]
        tables = {
            b"bag": [struct.pack("<HH", *bag) for bag in bags],
            b"mod": [struct.pack("<HHhHH", *row) for row in [*self.modulators, (0,) * 5]],
            b"gen": [struct.pack("<HH", *row) for row in [*self.generators, (0, 0)]],
        }
        return {letter + name: b"".join(rows) for name, rows in tables.items()}


# --- Reading ------------------------------------------------------------------------------------


def read_font(data: bytes) -> Font:
    """Read the tables of an SF3 file.

    Raises:
        ValueError: If it is none.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError("the source is no soundfont")
    lists = {body[:4]: dict(read_chunks(body[4:])) for _, body in read_chunks(data[12:])}
    tables = lists[b"pdta"]
    instruments = tuple(
        (row[0], zones) for row, zones in read_zoned(tables, b"inst", "<20sH", first_bag=1)
    )
    presets = tuple(
        Preset(row[0], row[1], zones)
        for row, zones in read_zoned(tables, b"phdr", "<20sHHHIII", first_bag=3)
        if row[2] == 0
    )
    samples = tuple(read_samples(tables[b"shdr"], lists[b"sdta"][b"smpl"]))
    return Font(lists[b"INFO"], presets, instruments, samples)


def read_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a RIFF list; the padding after odd ones may be missing (Polyphone)."""
    at = 0
    while at + 8 <= len(data):
        name, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length
        if length % 2 and data[at : at + 1] == b"\0":
            at += 1


def read_zoned(
    tables: Mapping[bytes, bytes], name: bytes, form: str, *, first_bag: int
) -> Iterator[tuple[tuple[Any, ...], tuple[Zone, ...]]]:
    """Yield the rows of a table, each with the zones that belong to it.

    Args:
        tables: Chunks of the list `pdta`.
        name: `phdr` or `inst`.
        form: A row of it, as in `struct`.
        first_bag: Which field of a row says where its zones begin.
    """
    letter = name[:1]
    generators = list(struct.iter_unpack("<HH", tables[letter + b"gen"]))
    modulators = list(struct.iter_unpack("<HHhHH", tables[letter + b"mod"]))
    zones = [
        Zone(tuple(generators[here[0] : then[0]]), tuple(modulators[here[1] : then[1]]))
        for here, then in pairwise(struct.iter_unpack("<HH", tables[letter + b"bag"]))
    ]
    for row, following in pairwise(struct.iter_unpack(form, tables[name])):
        yield row, tuple(zones[row[first_bag] : following[first_bag]])


def read_samples(headers: bytes, pool: bytes) -> Iterator[Sample]:
    """Yield the samples of a file, the closing mark left out."""
    for name, start, end, *facts, _, kind in list(struct.iter_unpack(SAMPLE_FORM, headers))[:-1]:
        yield Sample(name, pool[start:end], tuple(facts), kind)


# --- Choosing -----------------------------------------------------------------------------------


def trim(font: Font, wanted: Sequence[Wanted]) -> Font:
    """Return the wanted presets, with the instruments and samples that they reach.

    Raises:
        ValueError: If the font lacks a preset, or a sample that is reached is not compressed.
    """
    instruments, samples = Shelf(), Shelf()
    by_program = {preset.program: preset for preset in font.presets}
    presets = []
    for wish in sorted(wanted, key=lambda wish: wish.program):
        if wish.program not in by_program:
            raise ValueError(f"the source has no preset {wish.program} ({wish.name})")
        zones = chosen_zones(by_program[wish.program], wish, font)
        zones = relinked(zones, INSTRUMENT, instruments, wish.is_mono)
        presets.append(Preset(wish.name.encode().ljust(20, b"\0"), wish.program, zones))
    kept = []
    for index, is_mono in instruments.places:
        name, zones = font.instruments[index]
        zones = mono_zones(zones) if is_mono else zones
        kept.append((name, relinked(zones, SAMPLE, samples)))
    found = tuple(lone_sample(font.samples[index]) for index, _ in samples.places)
    return Font(font.info, tuple(presets), tuple(kept), found)


def chosen_zones(preset: Preset, wish: Wanted, font: Font) -> tuple[Zone, ...]:
    """Return the zones of a preset that are wished, as they are wished."""
    zones = []
    for zone in preset.zones:
        link = zone.amount(INSTRUMENT)
        name = b"" if link is None else font.instruments[link][0]
        if not name.decode("latin-1").startswith(wish.without or ("\0",)):
            zones.append(with_velocities(zone, wish.velocities))
    return lifted_zones(zones) if wish.is_mono else tuple(zones)


def with_velocities(zone: Zone, ends: Mapping[int, int]) -> Zone:
    """Move the ends of a zone's velocity range, where they are named."""
    found = zone.amount(VELOCITIES)
    if found is None:
        return zone
    low, high = (ends.get(end, end) for end in (found & 0xFF, found >> 8))
    return zone.with_amount(VELOCITIES, low | high << 8)


def lifted_zones(zones: Sequence[Zone]) -> tuple[Zone, ...]:
    """Make the zones of a preset louder by what a missing channel takes."""
    usual_cb, lifted = 0, []  # the first zone may speak for all, and plays nothing itself
    for zone in zones:
        own_cb = zone.amount(ATTENUATION)
        if zone.amount(INSTRUMENT) is None:
            usual_cb = own_cb or 0
            lifted.append(zone)
        else:
            level_cb = signed(usual_cb if own_cb is None else own_cb) - MONO_LIFT_CB
            lifted.append(zone.with_amount(ATTENUATION, level_cb & 0xFFFF))
    return tuple(lifted)


def mono_zones(zones: Sequence[Zone]) -> tuple[Zone, ...]:
    """Leave out an instrument's right channel, and move the left one to the middle."""
    left = (zone for zone in zones if signed(zone.amount(PAN) or 0) < HARD_RIGHT)
    return tuple(zone if zone.amount(PAN) is None else zone.with_amount(PAN, 0) for zone in left)


def relinked(
    zones: Sequence[Zone], link: int, shelf: Shelf, is_mono: bool = False
) -> tuple[Zone, ...]:
    """Let zones point to the new places of what they play."""
    return tuple(
        zone if old is None else zone.with_amount(link, shelf.place(old, is_mono))
        for zone, old in ((zone, zone.amount(link)) for zone in zones)
    )


def lone_sample(sample: Sample) -> Sample:
    """Return a sample that knows no partner, which nothing that plays soundfonts needs.

    Raises:
        ValueError: If it is not compressed.
    """
    if not sample.kind & COMPRESSED:
        raise ValueError(f"the sample {sample.name!r} is not compressed; take an SF3 file")
    return replace(sample, kind=MONO | COMPRESSED)


def signed(amount: int) -> int:
    """Read two bytes as a number with a sign."""
    return amount - 0x10000 if amount >= 0x8000 else amount


# --- Writing ------------------------------------------------------------------------------------


def write_font(font: Font) -> bytes:
    """Return a soundfont as the bytes of an SF3 file."""
    pool = b"".join(sample.data for sample in font.samples)
    info = {**font.info, b"INAM": b"Composer, cut from " + font.info[b"INAM"]}
    lists = {b"INFO": info, b"sdta": {b"smpl": pool}, b"pdta": tables_of(font)}
    body = b"".join(
        chunk(b"LIST", name + b"".join(chunk(*entry) for entry in entries.items()))
        for name, entries in lists.items()
    )
    return chunk(b"RIFF", b"sfbk" + body)


def tables_of(font: Font) -> dict[bytes, bytes]:
    """Return the chunks of the list `pdta`, in the order of the specification."""
    preset_zones, instrument_zones = ZoneTables(), ZoneTables()
    presets = [
        struct.pack("<20sHHHIII", preset.name, preset.program, 0, start, 0, 0, 0)
        for preset, start in ((preset, preset_zones.add(preset.zones)) for preset in font.presets)
    ]
    presets.append(struct.pack("<20sHHHIII", b"EOP", 0, 0, len(preset_zones.bags), 0, 0, 0))
    instruments = [
        struct.pack("<20sH", name, instrument_zones.add(zones)) for name, zones in font.instruments
    ]
    instruments.append(struct.pack("<20sH", b"EOI", len(instrument_zones.bags)))
    return {
        b"phdr": b"".join(presets),
        **preset_zones.chunks(b"p"),
        b"inst": b"".join(instruments),
        **instrument_zones.chunks(b"i"),
        b"shdr": sample_headers(font.samples),
    }


def sample_headers(samples: Sequence[Sample]) -> bytes:
    """Return the table of samples that lie one after another."""
    rows, start = [], 0
    for one in samples:
        end = start + len(one.data)
        rows.append(struct.pack(SAMPLE_FORM, one.name, start, end, *one.facts, 0, one.kind))
        start = end
    rows.append(struct.pack(SAMPLE_FORM, b"EOS", *[0] * 9))
    return b"".join(rows)


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a RIFF chunk, its length made even."""
    data += b"\0" * (len(data) % 2)
    return name + struct.pack("<I", len(data)) + data


def main() -> None:
    """Make the soundfont and its checksum."""
    parser = argparse.ArgumentParser(description="Make the bundled soundfont")
    parser.add_argument("source", type=Path, help=f"the SF3 file of {SOURCE_PACKAGE}")
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()
    data = options.source.read_bytes()
    if hashlib.sha256(data).hexdigest() != SOURCE_SHA256:
        sys.exit(f"this is not the soundfont of {SOURCE_PACKAGE}; its SHA-256 differs")
    made = write_font(trim(read_font(data), WANTED))
    checksum = hashlib.sha256(made).hexdigest()
    options.out.write_bytes(made)
    options.out.with_name(options.out.name + ".sha256").write_text(
        f"{checksum}  {options.out.name}\n", encoding="ascii"
    )
    print(f"{options.out}: {len(made):,} bytes, SHA-256 {checksum}")


if __name__ == "__main__":
    main()
