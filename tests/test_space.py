"""`make space`: what is sent, how it arrives, and what is said when it cannot be sent."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import metadata_load

from scripts import space
from tests.fake_hub import TOKEN, FakeHub, serve_hub, sha256

ROOT = Path(__file__).parent.parent
REPO = "someone/composer"
# https://huggingface.co/docs/hub/spaces-config-reference
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
KEYS = {
    *("title", "emoji", "colorFrom", "colorTo", "short_description", "tags", "license", "pinned"),
    *("sdk", "sdk_version", "python_version", "app_file", "suggested_hardware"),
}
MAX_DESCRIPTION = 60  # the hub refuses longer ones
SMALL = {
    "README.md": "---\nsdk: gradio\n---\n![page](docs/page.png) [log](docs/log.md)\n",
    "app.py": "demo = None\n",
    "requirements.txt": "gradio\n",
    "packages.txt": "libfluidsynth3\n",
    "LICENSE": "free\n",
    "ATTRIBUTION.md": "by many\n",
    "assets/weights.safetensors": "heavy",
    "composer/__init__.py": "",
    "docs/page.png": "a picture",
    "docs/log.md": "tried\n",
    "docs/other.png": "a picture that no one sees",
    "tests/test_app.py": "",
    ".gitignore": ".venv/\n",
    ".venv/bin/python": "",
}


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with serve_hub() as hub:
        yield hub


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a small repository with a copy of the script in it."""
    script = (ROOT / "scripts" / "space.py").read_text(encoding="utf-8")
    for name, text in (SMALL | {"scripts/space.py": script}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def run(
    root: Path, home: Path, *arguments: str, hub: FakeHub | None = None, token: str = TOKEN
) -> subprocess.CompletedProcess[str]:
    """Run the script of a repository against a hub of this machine, with a home of its own."""
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment |= {
        "HF_ENDPOINT": hub.address if hub else "http://127.0.0.1:9",  # where nobody answers
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",  # large files by plain HTTP
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_TOKEN": token,
    }
    command = [sys.executable, "scripts/space.py", *arguments]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def refusal_of(ended: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which the script refused."""
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert re.fullmatch(r"space: [^\n]+\n", ended.stderr), ended.stderr
    return ended.stderr


# -- the front matter of the README


def test_the_front_matter_says_what_a_space_needs() -> None:
    said = metadata_load(ROOT / "README.md")
    assert said is not None
    assert set(said) == KEYS  # an unknown key would be ignored in silence
    assert said["sdk"] == "gradio"
    assert (ROOT / said["app_file"]).is_file()
    assert said["license"] == "mit"
    assert {said["colorFrom"], said["colorTo"]} <= set(COLOURS)
    assert said["suggested_hardware"] == "cpu-basic"
    assert {"music", "midi", "music-generation"} <= set(said["tags"])


def test_the_space_runs_the_versions_that_are_tested() -> None:
    said = metadata_load(ROOT / "README.md")
    assert said is not None
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert f"\ngradio=={said['sdk_version']} " in requirements
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert said["python_version"] == "3.11"  # a text: as a number, 3.10 would be 3.1
    assert f'requires-python = ">={said["python_version"]}"' in project


def test_the_hub_takes_the_description() -> None:
    said = metadata_load(ROOT / "README.md")
    assert said is not None
    assert 0 < len(said["short_description"]) <= MAX_DESCRIPTION


# -- the Debian packages


def test_packages_are_names_one_a_line() -> None:
    lines = (ROOT / "packages.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", line) for line in lines)
    assert lines == sorted(set(lines))


def test_setup_installs_every_package_of_a_space() -> None:
    setup = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    for name in (ROOT / "packages.txt").read_text(encoding="utf-8").split():
        assert re.search(rf"apt_install [^|&]*\b{re.escape(name)}\b", setup)


# -- what is sent


def test_a_space_holds_what_runs_and_what_is_shown(repository: Path) -> None:
    assert space.files_of_space(repository) == sorted(
        set(SMALL) - {"docs/other.png", "tests/test_app.py", ".gitignore", ".venv/bin/python"}
    )


def test_this_repository_sends_the_page_with_all_it_needs() -> None:
    found = space.files_of_space(ROOT)
    assert {"app.py", "composer/ui/layout.py", "assets/page.css", "docs/screenshot.png"} <= {*found}
    assert [path for path in found if path.endswith(".safetensors")]
    strange = ("tests/", "benchmarks/", "scripts/", "runs/", ".")
    assert [path for path in found if path.startswith(strange)] == []


def test_a_file_that_git_tracks_and_the_disk_lacks_is_named(repository: Path) -> None:
    (repository / "assets" / "weights.safetensors").unlink()
    with pytest.raises(space.SpaceError, match=r"assets/weights.safetensors is missing"):
        space.files_of_space(repository)


def test_what_git_does_not_track_is_not_sent(repository: Path) -> None:
    (repository / "composer" / "secret.env").write_text("x")
    assert "composer/secret.env" not in space.files_of_space(repository)


def test_a_dry_run_lists_files_with_sizes_and_sends_nothing(
    repository: Path, tmp_path: Path
) -> None:
    ended = run(repository, tmp_path, REPO, "--dry-run", token="")
    assert ended.returncode == 0, ended.stderr
    *lines, total = ended.stdout.splitlines()
    assert [line.split()[1] for line in lines] == space.files_of_space(repository)
    assert int(total.split()[0]) == sum(int(line.split()[0]) for line in lines)


# -- how it arrives


@pytest.mark.slow
def test_this_repository_arrives_whole(hub: FakeHub, tmp_path: Path) -> None:
    ended = run(ROOT, tmp_path, REPO, "--private", hub=hub)
    assert (ended.returncode, ended.stdout) == (0, f"{hub.address}/spaces/{REPO}\n"), ended.stderr
    assert [(wish["sdk"], wish["type"], wish["visibility"]) for wish in hub.created] == [
        ("gradio", "space", "private")
    ]
    paths = space.files_of_space(ROOT)
    sent = {path: sha256((ROOT / path).read_bytes()) for path in paths}
    arrived = {path: sha256(data) for path, data in hub.spaces[REPO].items()}
    arrived.pop(".gitattributes")
    assert arrived == sent
    weights = [path for path in paths if path.endswith(".safetensors")]
    assert {sent[path] for path in weights} <= set(hub.sent_large)


def test_a_second_upload_sends_what_changed_and_deletes_what_is_gone(
    hub: FakeHub, repository: Path, tmp_path: Path
) -> None:
    first = run(repository, tmp_path, "someone/second", hub=hub)
    assert first.returncode == 0, first.stderr
    n_large = len(hub.sent_large)
    (repository / "app.py").write_text("demo = 1\n")
    git(repository, "rm", "--cached", "--quiet", "docs/log.md")
    second = run(repository, tmp_path, "someone/second", hub=hub)
    assert second.returncode == 0, second.stderr
    assert sorted(hub.commits[-1]) == ["app.py", "docs/log.md"]
    assert len(hub.sent_large) == n_large
    assert set(hub.spaces["someone/second"]) == {
        ".gitattributes", *space.files_of_space(repository)
    }  # fmt: skip


def test_an_upload_without_a_change_is_no_error(
    hub: FakeHub, repository: Path, tmp_path: Path
) -> None:
    answers = [run(repository, tmp_path, "someone/third", hub=hub) for _ in range(2)]
    assert [ended.returncode for ended in answers] == [0, 0]
    assert answers[0].stdout == answers[1].stdout == f"{hub.address}/spaces/someone/third\n"


# -- what is said when it cannot be sent


@pytest.mark.parametrize(
    "repo", ["", "composer", "a/b/c", "a b/c", "/c", "a/", "a/..", "-a/b", "a/b\n", "ä/b", "a/b--c"]
)
def test_a_name_that_is_none_is_refused(repo: str) -> None:
    with pytest.raises(space.SpaceError, match="owner/name"):
        space.check_repo(repo)


@pytest.mark.parametrize("token", ["", "two words", "tök"])
def test_a_token_that_is_none_is_refused(token: str, repository: Path, tmp_path: Path) -> None:
    assert "no usable token" in refusal_of(run(repository, tmp_path, REPO, token=token))


def test_a_token_that_the_hub_does_not_know_is_refused(
    hub: FakeHub, repository: Path, tmp_path: Path
) -> None:
    ended = run(repository, tmp_path, REPO, hub=hub, token="hf_other")
    assert "may not write" in refusal_of(ended)


def test_the_words_of_the_hub_are_passed_on_in_one_line(repository: Path, tmp_path: Path) -> None:
    with serve_hub() as hub:
        hub.refusal = (400, "too many Spaces\nsee https://example.org")
        refused = refusal_of(run(repository, tmp_path, REPO, hub=hub))
    assert "the hub answered 400: too many Spaces" in refused


def test_no_network_is_one_line(repository: Path, tmp_path: Path) -> None:
    assert "the upload failed" in refusal_of(run(repository, tmp_path, REPO))


def test_a_folder_without_git_is_one_line(repository: Path, tmp_path: Path) -> None:
    (repository / ".git").rename(repository / "was.git")
    assert "git" in refusal_of(run(repository, tmp_path, REPO))
