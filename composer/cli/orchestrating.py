"""Commands about recordings: orchestrate makes them, caption makes a data set to learn from."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.extending import show_progress
from composer.cli.terminal import add_command, add_setting, print_json, read_given, read_text
from composer.request import Request

if TYPE_CHECKING:
    from composer.piece import Piece
    from composer.pipeline import Orchestration

# Settings of how sound is sampled; these models have usual values of their own.
_SETTINGS = ("temperature", "candidates", "seed", "engine_options")
_USUAL = {
    "top_k": (int, "sample only among the k likeliest codes (0 to 1000; 0 takes all; default 250)"),
    "guidance": (float, "how strongly words and notes are enforced (1 to 4; default 3)"),
}


def add_commands(commands: Any) -> None:
    """Declare the commands of this file."""
    _add_orchestrate(commands)
    _add_caption(commands)


def _add_caption(commands: Any) -> None:
    parser = add_command(
        commands,
        "caption",
        _caption,
        "Render scores as recordings with captions, a data set for models of sound.",
    )
    parser.add_argument("folder", type=Path, help="folder of scores, or its manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set")
    parser.add_argument(
        "--seconds",
        type=float,
        default=30,
        help="of each score at most, in whole bars (2 to 300; default 30)",
    )
    parser.add_argument(
        "--format", default="flac", help="wav, flac, mp3 or ogg (default flac)", dest="ending"
    )
    parser.add_argument("--split", help="which part of the scores: train, valid or test")
    parser.add_argument("--licence", help="use scores of one licence class only, such as open")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the wording (0 or more; default 0)"
    )


def _caption(options: argparse.Namespace) -> None:
    from composer.captioning import FILE, caption_corpus
    from composer.corpus import load_corpus

    corpus = load_corpus(options.folder, licence=options.licence, split=options.split)
    n_made = 0
    for one in caption_corpus(
        corpus, options.out, seconds=options.seconds, ending=options.ending, seed=options.seed
    ):
        n_made += bool(one.file)
        if one.reason:
            print(f"{one.path}: {one.reason}", file=sys.stderr)
    print(f"{n_made} recordings with captions; {options.out / FILE}")


def _add_orchestrate(commands: Any) -> None:
    parser = add_command(
        commands,
        "orchestrate",
        _orchestrate,
        "Make recordings of a piece, of a text, or of both, with a model of sound (MusicGen).",
    )
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        help="MIDI, MusicXML or composition.json file whose notes lead the recording",
    )
    parser.add_argument(
        "--rank",
        type=int,
        default=1,
        help="which candidate of a composition.json (1 or more; default 1)",
    )
    parser.add_argument("--text", default="", help="what it is to sound like, in words")
    parser.add_argument(
        "--length",
        type=float,
        help="seconds (1 to 600); as long as the piece, or 10, if left out",
    )
    parser.add_argument(
        "--model",
        help="engine of the shelf, folder of a model, or one of small, medium, large and melody, "
        "which lie in the hub's cache; melody follows notes; the setting audio.model if left out",
    )
    for setting in fields(Request):
        if setting.name in _SETTINGS and setting.name != "candidates":
            add_setting(parser, setting)
    parser.add_argument("--candidates", type=int, help="how many recordings (1 to 256; default 2)")
    for name, (kind, text) in _USUAL.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, help=text)
    parser.add_argument(
        "--format", default="wav", help="wav, flac, mp3 or ogg (default wav)", dest="ending"
    )
    parser.add_argument(
        "--sample-rate", type=int, help="frames a second (8000 to 96000); the model's if left out"
    )
    parser.add_argument(
        "--bits",
        type=int,
        default=16,
        help="16 to 32: 16, 24, or 32 for floats in a WAV (default 16)",
    )
    parser.add_argument("--channels", type=int, help="1 to 2; as the model has if left out")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the recordings and composition.json"
    )
    parser.add_argument("--json", action="store_true", help="print composition.json")


def _orchestrate(options: argparse.Namespace) -> None:
    from composer.engines import open_sound
    from composer.pipeline import Orchestration, orchestrate_steps
    from composer.rendering.encoders import check_encoding

    path = Path(f"recording.{options.ending}")
    check_encoding(path, options.sample_rate or 32_000, options.bits)
    piece = None if options.file is None else _read_piece(options.file, options.rank)
    names = (*_SETTINGS, *_USUAL)
    given = {name: getattr(options, name) for name in names if name in options}
    given = {name: value for name, value in given.items() if value is not None}
    engine = open_sound(options.model)
    if engine.licence:
        print(f"licence of the weights: {engine.licence}", file=sys.stderr)
    for step in orchestrate_steps(
        piece, options.text, length_s=options.length, engine=engine, **given
    ):
        if not isinstance(step, Orchestration):
            show_progress(step)
    assert isinstance(step, Orchestration)
    _write(step, options)


def _write(found: Orchestration, options: argparse.Namespace) -> None:
    import json

    written = found.write(
        options.out,
        options.ending,
        sample_rate_hz=options.sample_rate,
        bits=options.bits,
        channels=options.channels,
    )
    document = found.to_dict({rank: path.name for rank, path in written.items()})
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    (options.out / "composition.json").write_text(text + "\n", encoding="utf-8")
    if options.json:
        print_json(document)
        return
    for one in found.ranked:
        agreed = f", agreement {one.agreement.whole:.2f}" if one.agreement else ""
        sound = one.recording
        print(f"{one.rank}. {written[one.rank]}: {sound.length_s:.1f} s{agreed}")
    if found.piece is not None and not any(one.record.get("led_by_notes") for one in found.ranked):
        print("this model follows words only; MusicGen Melody follows the notes", file=sys.stderr)


def _read_piece(path: Path, rank: int) -> Piece:
    """Read any score, or rebuild a candidate of a composition.json."""
    if path.suffix.lower() == ".json":
        from composer.composition import replay

        return replay(read_text(path), rank)
    return read_given(path)
