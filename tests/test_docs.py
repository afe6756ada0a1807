"""What the documents say is true: commands and snippets run, links lead somewhere."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import composer
from composer.cli import build_parser
from composer.corpus import read_score
from composer.piece import Piece
from composer.rendering import write_midi
from composer.theory import key_from_pitch_class
from tests.test_layers import RANKS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAX_README_WORDS = 600
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAGE = "127.0.0.1:7860"
START_S = 120
LEFT_OUT = ("make", "pip", "composer")


def blocks_of(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def lines_of(block: str) -> list[str]:
    """Return the commands of a shell block: continued lines joined, comments left out."""
    joined = block.replace("\\\n", " ")
    return [line for line in map(str.strip, joined.splitlines()) if line and line[0] != "#"]


def commands_of(text: str) -> list[str]:
    """Return the shell commands of a document that run here.

    No `make`; what installs the package, and what runs after that, is tried in tests/packaging.
    """
    return [line for line in all_lines_of(text) if line.split()[0] not in LEFT_OUT]


def all_lines_of(text: str) -> list[str]:
    """Return the shell commands of a document."""
    return [line for block in blocks_of(text, "bash") for line in lines_of(block)]


def run_python(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder with the package in reach."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, input=""
    )


def write_scores(folder: Path, pieces: list[Piece]) -> None:
    """Write a small corpus: every piece in eight keys, two of them for validation."""
    rows = []
    for piece in pieces:
        for semitones in range(12):
            key = key_from_pitch_class(piece.key.tonic_pitch_class + semitones, piece.key.mode)
            path = Path(piece.composer) / f"{piece.form}-{semitones}.mid"
            (folder / path.parent).mkdir(parents=True, exist_ok=True)
            write_midi(replace(piece.transposed(semitones), key=key), folder / path)
            rows.append(manifest_row(piece, path, str(key), "train" if semitones < 6 else "valid"))
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def manifest_row(piece: Piece, path: Path, key: str, split: str) -> dict[str, object]:
    return {
        "path": path, "split": split, "collection": "tests", "composer": piece.composer,
        "title": piece.title, "form": piece.form, "ensemble": piece.ensemble, "key": key,
        "key_from": "source", "meter": piece.meter, "parts": len(piece.parts),
        "bars": piece.n_bars, "notes": piece.n_notes, "on_grid": 1.0, "licence": "CC0 1.0",
        "licence_class": "open", "source": f"tests:{path}",
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, chorale: Piece, keyboard_piece: Piece) -> Path:
    """Return the folder in which the documents are followed, `scores` in it."""
    folder = tmp_path_factory.mktemp("documents")
    on_the_menu = replace(keyboard_piece, composer="Bach", form="invention")
    write_scores(folder / "scores", [chorale, on_the_menu])
    (requests,) = blocks_of((ROOT / "docs" / "commands.md").read_text(), "jsonl")
    (folder / "requests.jsonl").write_text(requests)
    (prompts,) = blocks_of((ROOT / "docs" / "prompts.md").read_text(), "text")
    (folder / "prompts.txt").write_text(prompts)
    return folder


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """Return the address of a page that was started for these tests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"HOST": "127.0.0.1", "PORT": str(port)}
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}", server)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < deadline_s:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"the page did not come up at {url}")


def commands() -> list[str]:
    """Return the commands of all documents, those of one document in its order."""
    return [command for document in DOCUMENTS for command in commands_of(document.read_text())]


def snippets(*, of_page: bool) -> list[str]:
    """Return the Python snippets of all documents that call a running page, or that do not."""
    texts = [text for path in DOCUMENTS for text in blocks_of(path.read_text(), "python")]
    return [text for text in texts if (PAGE in text) == of_page]


@pytest.mark.slow
@pytest.mark.parametrize("command", commands())
def test_a_command_of_a_document_runs(command: str, folder: Path) -> None:
    python, *arguments = shlex.split(command)
    assert (python, arguments[0]) == ("python", "-m")
    run = run_python(arguments, folder)
    assert run.returncode == 0, run.stdout + run.stderr
    if arguments[1:3] == ["composer", "compare"]:
        assert has_differences(run_python([*arguments, "--json"], folder).stdout)


def has_differences(compared: str) -> bool:
    """Return whether a comparison in JSON has two sides that differ."""
    return any(row["before"] != row["after"] for row in json.loads(compared))


@pytest.mark.slow
@pytest.mark.parametrize("snippet", snippets(of_page=False))
def test_a_snippet_of_a_document_runs(snippet: str, folder: Path) -> None:
    run = run_python(["-c", snippet], folder)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("snippet", snippets(of_page=True))
def test_a_snippet_of_a_document_calls_the_page(snippet: str, folder: Path, page: str) -> None:
    run = run_python(["-c", snippet.replace(PAGE, page)], folder)
    assert run.returncode == 0, run.stdout + run.stderr


def commands_of_parser(parser: argparse.ArgumentParser) -> list[str]:
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return [name for action in actions for name in action.choices]


@pytest.mark.parametrize("name", commands_of_parser(build_parser()))
def test_a_command_is_in_a_document(name: str) -> None:
    lines = [line for document in DOCUMENTS for line in all_lines_of(document.read_text())]
    assert [line for line in lines if f"composer {name} " in f"{line} "]


def test_the_readme_is_short() -> None:
    text = README.split("---\n", 2)[2]
    assert len(text.split()) <= MAX_README_WORDS


def test_the_bundled_example_is_the_piece_that_its_command_describes() -> None:
    folder = ROOT / "docs" / "examples"
    command = shlex.split(commands_of((folder / "README.md").read_text())[0])
    asked = dict(zip(command[4::2], command[5::2], strict=False))
    piece = read_score(folder / "chorale.mid")
    assert (piece.n_bars, str(piece.key)) == (int(asked["--bars"]), asked["--key"])


@pytest.mark.parametrize("name", composer.__all__)
def test_a_public_name_is_in_a_document(name: str) -> None:
    assert any(re.search(rf"\b{name}\b", document.read_text()) for document in DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_of_a_document_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []


def words_of_the_glossary() -> list[list[str]]:
    """Return the words of each table of the glossary."""
    tables = (ROOT / "docs" / "glossary.md").read_text().split("\n## ")[1:]
    return [re.findall(r"^\| ([^|]+) \|", one, flags=re.MULTILINE)[1:] for one in tables]


def test_a_word_of_the_glossary_has_one_meaning_and_is_found_by_the_alphabet() -> None:
    tables = words_of_the_glossary()
    words = [word for table in tables for word in table]
    assert len(words) == len(set(words)) > 50
    for table in tables:
        assert table == sorted(table)


def test_a_word_of_the_glossary_is_used() -> None:
    files = [*(ROOT / "composer").rglob("*.py"), *DOCUMENTS]
    text = "\n".join(path.read_text() for path in files if path.name != "glossary.md").lower()
    words = [word for table in words_of_the_glossary() for word in table]
    assert [word for word in words if not re.search(rf"\b{word}", text)] == []


def test_an_entry_of_the_log_opens_with_decision_why_and_numbers() -> None:
    entries = re.split(r"^## ", (ROOT / "docs" / "log.md").read_text(), flags=re.MULTILINE)[1:]
    opening = r"\n\n- \*\*Decision\.\*\* .+\n- \*\*Why\.\*\* .+\n- \*\*Numbers\.\*\* .+\n"
    assert [one.splitlines()[0] for one in entries if not re.search(rf"^.+{opening}", one)] == []


def test_the_changelog_has_the_sections_of_keep_a_changelog() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert versions[0] == "## [Unreleased]" or re.match(r"## \[?\d", versions[0])
    assert all(re.match(r"## \[?\d+\.\d+\.\d+\]? - \d{4}-\d\d-\d\d$", v) for v in versions[1:])
    assert {line[4:] for line in lines if line.startswith("### ")} <= kinds


def rooms_of_the_map() -> list[str]:
    """Return the rooms in the order of docs/architecture.md, as test_layers names them."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    drawn = re.search(r"^composer/\n(.*?)^app\.py", text, flags=re.MULTILINE | re.DOTALL)
    assert drawn
    return [line.split()[0].removesuffix(".py").rstrip("/") for line in drawn[1].splitlines()]


def test_the_map_names_every_room_in_the_order_of_the_import_rule() -> None:
    rooms = rooms_of_the_map()
    assert sorted(rooms) == sorted(RANKS.keys() - {"app"})
    ranks = [RANKS[room] for room in rooms]
    assert ranks == sorted(ranks)


def test_the_space_runs_the_gradio_that_is_pinned() -> None:
    version = re.search(r"^sdk_version: (\S+)$", README, flags=re.MULTILINE)
    assert version
    assert f"\ngradio=={version[1]} " in (ROOT / "requirements.txt").read_text()


def test_every_requirement_is_pinned_and_has_a_reason() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if line and line[0] != "#"]
    assert [line for line in packages if not re.match(r"[\w-]+==\S+ +# \S", line)] == []


def test_a_block_with_comments_and_long_lines_is_read_as_commands() -> None:
    text = (
        "```bash\nmake run\n# why\npython -m composer a \\\n    --b c  \n\n```\n```python\nx\n```\n"
    )
    assert [command.split() for command in commands_of(text)] == [
        ["python", "-m", "composer", "a", "--b", "c"]
    ]
    assert blocks_of(text, "python") == ["x\n"]
