#!/usr/bin/env python3
"""Upload this repository as a Hugging Face Space and print its address.

    scripts/space.py owner/name              make the Space if it is not there, upload in one commit
    scripts/space.py owner/name --dry-run    list the files and their sizes, send nothing

The token comes from HF_TOKEN, or from `hf auth login`; it needs the right to write.

What git tracks is sent, as it lies on the disk. Weights and sounds go through the hub's large-file
storage, which is why this is no `git push`. Files that the Space still has and the repository has
no more are deleted there.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# What a Space runs and what its licences ask for; tests, benchmarks and tools stay at home.
NEEDED = ("README.md", "app.py", "requirements.txt", "packages.txt", "LICENSE", "ATTRIBUTION.md")
PARTS = frozenset([*NEEDED, "CHANGELOG.md", "assets", "composer", "configs", "soundfonts"])
OF_THE_HUB = ".gitattributes"  # the hub writes it; it says what is a large file
REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


class SpaceError(Exception):
    """Why there was no upload, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Upload, or list what would be; return 0, or 1 with one line on the error stream."""
    parser = argparse.ArgumentParser(description="Upload this repository as a Hugging Face Space.")
    parser.add_argument("repo", nargs="?", default="", help="owner/name of the Space")
    parser.add_argument("--dry-run", action="store_true", help="list the files, send nothing")
    parser.add_argument("--private", action="store_true", help="show a new Space to its owner only")
    options = parser.parse_args(arguments)
    try:
        check_repo(options.repo)
        paths = files_of_space(ROOT)
        if options.dry_run:
            print(listing(ROOT, paths))
        else:
            print(upload(ROOT, paths, options.repo, private=options.private))
    except SpaceError as error:
        print(f"space: {error}", file=sys.stderr)
        return 1
    return 0


def check_repo(repo: str) -> None:
    """Raise `SpaceError` unless this is `owner/name` as the hub spells it."""
    if not REPO_ID.fullmatch(repo) or ".." in repo or "--" in repo:
        raise SpaceError(f"the Space must be named as owner/name, got {repo[:80]!r}")


def files_of_space(root: Path) -> list[str]:
    """Return the paths that a Space holds, sorted, with `/` between folders.

    Raises:
        SpaceError: If git cannot tell, or a file is missing.
    """
    tracked = _git(root, "ls-files", "-z").split("\0")
    shown = set(re.findall(r"\]\((docs/[^)#\s]+)", _read(root / "README.md")))
    found = {path for path in tracked if path.split("/")[0] in PARTS or path in shown}
    missing = [path for path in sorted(found) if not (root / path).is_file()]
    missing += [path for path in NEEDED if path not in found]
    if missing:
        raise SpaceError(f"{missing[0]} is missing, or git does not track it")
    return sorted(found)


def listing(root: Path, paths: Sequence[str]) -> str:
    """Return one line a file with its size in bytes, and the sum."""
    sizes = [(root / path).stat().st_size for path in paths]
    lines = [f"{size:>10}  {path}" for size, path in zip(sizes, paths, strict=True)]
    return "\n".join([*lines, f"{sum(sizes):>10}  in {len(paths)} files"])


def upload(root: Path, paths: Sequence[str], repo: str, *, private: bool = False) -> str:
    """Send the files in one commit; return the address of the Space.

    Raises:
        SpaceError: If there is no token, or the hub refuses.
    """
    from huggingface_hub import get_token
    from huggingface_hub.errors import HfHubHTTPError

    token = get_token() or ""
    if not re.fullmatch(r"[!-~]+", token):
        raise SpaceError("there is no usable token; set HF_TOKEN or run `hf auth login`")
    try:
        return _send(root, paths, repo, token, private)
    except HfHubHTTPError as error:
        raise SpaceError(_plain(error)) from error
    except Exception as error:  # no network, a file that went away, an answer that makes no sense
        reason = f"{type(error).__name__}: {_first_line(error)}"
        raise SpaceError(f"the upload failed ({reason})") from error


def _send(root: Path, paths: Sequence[str], repo: str, token: str, private: bool) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi(token=token)
    api.create_repo(
        repo, repo_type="space", space_sdk="gradio", private=private or None, exist_ok=True
    )
    there = set(api.list_repo_files(repo, repo_type="space"))
    additions = [CommitOperationAdd(path, str(root / path)) for path in paths]
    stale = sorted(there - set(paths) - {OF_THE_HUB})
    api.create_commit(
        repo,
        [*additions, *(CommitOperationDelete(path) for path in stale)],
        repo_type="space",
        commit_message=f"Composer {_version(root)}",
    )
    return f"{api.endpoint}/spaces/{repo}"


def _plain(error: Any) -> str:
    """Say in one line what the hub answered."""
    status = error.response.status_code
    if status in (401, 403):
        return f"the hub refused ({status}): the token may not write to this Space"
    words = error.server_message or error.response.reason_phrase or "no reason given"
    return f"the hub answered {status}: {_first_line(words)}"


def _first_line(words: object) -> str:
    return (str(words).strip().splitlines() or ["no reason given"])[0][:300]


def _version(root: Path) -> str:
    """Return what is checked out; `dirty` where files differ from it."""
    try:
        return _git(root, "describe", "--always", "--dirty").strip()
    except SpaceError:  # nothing was committed yet
        return "unnamed"


def _git(root: Path, *arguments: str) -> str:
    try:
        run = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        reason = _first_line(getattr(error, "stderr", None) or error)
        raise SpaceError(f"git does not tell which files belong to it: {reason}") from error
    return run.stdout


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpaceError(f"{path.name} cannot be read") from error


if __name__ == "__main__":
    sys.exit(main())
