"""The bundled soundfont, and the script that makes it, on a small soundfont made here."""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pytest

from composer.rendering.audio import find_soundfont, synth
from composer.theory import INSTRUMENTS
from scripts import make_soundfont as script
from scripts.make_soundfont import (
    ATTENUATION,
    INSTRUMENT,
    PAN,
    SAMPLE,
    VELOCITIES,
    Font,
    Preset,
    Sample,
    Wanted,
    Zone,
    read_font,
    trim,
    write_font,
)

ROOT = Path(__file__).parent.parent
BUNDLED = ROOT / "soundfonts" / "composer.sf3"
RATE_HZ = 16_000


def zone(*generators: tuple[int, int], modulators: Any = ()) -> Zone:
    return Zone(generators, modulators)


def vorbis(text: str) -> bytes:
    """Return what stands for a compressed sample: the script never looks into it."""
    return b"OggS" + text.encode()


@pytest.fixture
def font() -> Font:
    """Return three presets, one of them in stereo with two layers, over five samples."""
    samples = tuple(
        Sample(name.encode().ljust(20, b"\0"), vorbis(name), (1, 9, 44_100, 60, 0), 17)
        for name in ("left", "right", "loud", "flute", "drum")
    )
    stereo = (
        zone((PAN, 0xFFFF - 499), (54, 1)),
        zone((43, 127 << 8), (SAMPLE, 0)),
        zone((PAN, 500), (SAMPLE, 1)),
    )
    instruments = (
        (b"Soft".ljust(20, b"\0"), stereo),
        (b"Loud".ljust(20, b"\0"), (zone((SAMPLE, 2)),)),
        (b"Flute".ljust(20, b"\0"), (zone((SAMPLE, 3), modulators=((2, 8, -240, 0, 0),)),)),
        (b"Drum".ljust(20, b"\0"), (zone((SAMPLE, 4)),)),
    )
    presets = (
        Preset(b"Drum".ljust(20, b"\0"), 119, (zone((INSTRUMENT, 3)),)),
        Preset(b"Flute".ljust(20, b"\0"), 73, (zone((INSTRUMENT, 2)),)),
        Preset(
            b"Grand".ljust(20, b"\0"),
            0,
            (
                zone((ATTENUATION, 100)),
                zone((VELOCITIES, 100 << 8), (INSTRUMENT, 0)),
                zone((VELOCITIES, 101 | 127 << 8), (INSTRUMENT, 1)),
            ),
        ),
    )
    info = {b"ifil": b"\3\0\1\0", b"INAM": b"Toy\0", b"ICMT": b"MIT licence\0"}
    return Font(info, presets, instruments, samples)


WANTED = (
    Wanted(73, "Flute"),
    Wanted(0, "Piano", is_mono=True, without=("Loud",), velocities={100: 127}),
)


def test_a_font_is_read_as_it_was_written(font: Font) -> None:
    assert read_font(write_font(font)).samples == font.samples
    assert read_font(write_font(font)).presets == font.presets
    assert read_font(write_font(font)).instruments == font.instruments


def test_only_what_is_wanted_is_kept_and_samples_stay_as_they_are(font: Font) -> None:
    made = read_font(write_font(trim(font, WANTED)))
    assert [preset.program for preset in made.presets] == [0, 73]
    assert [name.rstrip(b"\0") for name, _ in made.instruments] == [b"Soft", b"Flute"]
    assert [one.data for one in made.samples] == [vorbis("left"), vorbis("flute")]
    assert made.instruments[1][1] == (zone((SAMPLE, 1), modulators=((2, 8, -240, 0, 0),)),)
    assert made.info[b"ICMT"] == font.info[b"ICMT"]


def test_a_stereo_preset_becomes_mono_louder_and_one_layer(font: Font) -> None:
    made = trim(font, WANTED)
    whole, layer = made.presets[0].zones
    assert whole.amount(ATTENUATION) == 100 and layer.amount(VELOCITIES) == 127 << 8
    assert layer.amount(ATTENUATION) == 100 - script.MONO_LIFT_CB
    assert [one.amount(PAN) for one in made.instruments[0][1]] == [0, None]


def test_the_same_source_gives_the_same_bytes(font: Font) -> None:
    source = write_font(font)
    first, second = (write_font(trim(read_font(source), WANTED)) for _ in range(2))
    assert first == second


def test_padding_after_an_odd_list_may_be_missing(font: Font) -> None:
    """Polyphone writes lists of an odd length without the byte that the format asks for."""
    source = write_font(font)
    at = source.index(b"smpl") + 4
    (length,) = struct.unpack_from("<I", source, at)
    odd = bytearray(source[: at + 4 + length] + b"!" + source[at + 4 + length :])
    for place in (at, source.index(b"sdta") - 4):
        struct.pack_into("<I", odd, place, struct.unpack_from("<I", odd, place)[0] + 1)
    assert read_font(bytes(odd)).presets == font.presets


def test_a_source_without_a_preset_or_with_plain_samples_is_refused(font: Font) -> None:
    with pytest.raises(ValueError, match=r"no preset 5 \(Kazoo\)"):
        trim(font, [Wanted(5, "Kazoo")])
    plain = [Sample(one.name, one.data, one.facts, 1) for one in font.samples]
    with pytest.raises(ValueError, match="not compressed"):
        trim(Font(font.info, font.presets, font.instruments, tuple(plain)), WANTED)
    with pytest.raises(ValueError, match="no soundfont"):
        read_font(b"RIFF\0\0\0\0WAVE")


def test_the_command_refuses_another_source(font: Font, tmp_path: Path) -> None:
    (tmp_path / "toy.sf3").write_bytes(write_font(font))
    command = [sys.executable, script.__file__, tmp_path / "toy.sf3", "--out", tmp_path / "a.sf3"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1 and "SHA-256 differs" in run.stderr
    assert not (tmp_path / "a.sf3").exists()


# --- The file in the repository -----------------------------------------------------------------


def test_the_bundled_soundfont_is_small_and_has_its_checksum() -> None:
    data = BUNDLED.read_bytes()
    assert len(data) < 10_000_000
    stated = BUNDLED.with_name("composer.sf3.sha256").read_text()
    assert stated == f"{hashlib.sha256(data).hexdigest()}  composer.sf3\n"


def test_it_holds_what_the_script_and_its_page_say() -> None:
    made = read_font(BUNDLED.read_bytes())
    wanted = {wish.program: wish.name for wish in script.WANTED}
    assert {p.program: p.name.rstrip(b"\0").decode() for p in made.presets} == wanted
    page = (ROOT / "soundfonts" / "README.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|", page, re.MULTILINE)
    assert {int(program): name for program, name, _ in rows} == wanted
    played = {name: int(program) for program, _, names in rows for name in names.split(", ")}
    assert played == {name: found.program for name, found in INSTRUMENTS.items()}
    assert b"Permission is hereby granted" in made.info[b"ICMT"]
    assert "Permission is hereby granted" in (ROOT / "soundfonts" / "LICENSE.txt").read_text()


def strike(program: int, notes: list[tuple[int, int]]) -> Any:
    """Play notes one after another, and return the largest samples, 14 to a note.

    Args:
        program: General MIDI program.
        notes: Pitches and velocities; each begins 0.7 s after the one before and lasts 0.3 s.
    """
    performance = pretty_midi.PrettyMIDI()
    performance.instruments.append(pretty_midi.Instrument(program))
    performance.instruments[0].notes.extend(
        pretty_midi.Note(velocity, pitch, 0.7 * step, 0.7 * step + 0.3)
        for step, (pitch, velocity) in enumerate(notes)
    )
    n_frames = len(notes) * 7 * RATE_HZ // 10
    blocks = synth.play(performance, find_soundfont(), RATE_HZ, n_frames)
    return np.abs(np.concatenate(list(blocks))).reshape(len(notes), 14, -1).max(axis=2)


@pytest.mark.audio
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_sounds_over_its_range(name: str) -> None:
    low, high = INSTRUMENTS[name].low, INSTRUMENTS[name].high
    peaks = strike(INSTRUMENTS[name].program, [(p, 80) for p in [*range(low, high, 3), high]])
    loudest, before = peaks.max(axis=1), np.append(0, peaks[:-1, -1])
    assert (loudest > 2 * before).all()  # no note is only the echo of the one before
    assert loudest.min() > 0.05 * loudest.max() and 0.01 < loudest.max() < 0.5


@pytest.mark.audio
def test_the_piano_sounds_at_every_velocity() -> None:
    peaks = strike(0, [(60, velocity) for velocity in (1, 2, 8, 64, 107, 108, 127)])
    assert (np.diff(peaks.max(axis=1)) >= 0).all() and peaks[0].max() > 1e-5
