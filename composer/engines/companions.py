"""What lies beside a checkpoint because it belongs to it, checked by the weights' fingerprint.

    menu.json               what may be asked for           (read with the weights)
    novelty.npz             the pieces that it learned from
    bands.json              where the values of real pieces lie
    scoring_weights.json    what a penalty costs, and what its model says of real pieces
    layouts.json            which bars of real pieces take up which, by form
    companions.json         {"checkpoint": fingerprint, "files": [names]}

A file that is not named there, or that was made for other weights, is passed over: to judge a
checkpoint by another one's index or weights is worse than to do without.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from composer.errors import OptionError, ScoreFileError, TokenError
from composer.models import fingerprint_of
from composer.novelty import NoveltyIndex, load_index
from composer.scoring import Standards, load_bands
from composer.scoring.weights import load_model_bands, load_weights
from composer.tokenizer.layout_rows import layout_of_text
from composer.tokenizer.layout_table import LayoutTable

log = logging.getLogger(__name__)
LIST = "companions.json"
INDEX, BANDS, WEIGHTS = "novelty.npz", "bands.json", "scoring_weights.json"
LAYOUTS = "layouts.json"


@dataclass(frozen=True)
class Companions:
    """The files that belong to one checkpoint.

    Args:
        folder: Of the checkpoint; None has no files.
        names: Of those that were made for it.
    """

    folder: Path | None = None
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, folder: Path | None, fingerprint: str) -> Companions:
        """Look up what belongs to weights.

        Args:
            folder: Of the checkpoint.
            fingerprint: Of its weights.
        """
        if folder is None or not (folder / LIST).exists():
            return cls(folder)
        try:
            values = json.loads((folder / LIST).read_text("utf-8"))
            made_for, names = values["checkpoint"], frozenset(map(str, values["files"]))
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("%s in %s cannot be read; it is passed over", LIST, folder.name)
            return cls(folder)
        if made_for != fingerprint:
            log.warning("the companions of %s belong to other weights (%s)", folder.name, made_for)
            return cls(folder)
        return cls(folder, names)

    def standards(self) -> Standards:
        """Return what music is judged by: the checkpoint's own where there is any, else general.

        Raises:
            ScoreFileError: If a file that is named cannot be read.
        """
        found = replace(Standards.general(), model_bands={})
        if path := self._path(BANDS):
            found = replace(found, bands=load_bands(path))
        if path := self._path(WEIGHTS):
            weights, model_bands = load_weights(path), load_model_bands(path)
            found = replace(found, weights=weights, model_bands=model_bands)
        return found

    def index(self) -> NoveltyIndex | None:
        """Return the index of what the checkpoint learned from; None if there is none.

        Raises:
            ScoreFileError: If it cannot be read.
        """
        path = self._path(INDEX)
        return load_index(path) if path else None

    def layouts(self) -> LayoutTable:
        """Return real layouts by form; none if there are none.

        Raises:
            ScoreFileError: If they cannot be read.
        """
        path = self._path(LAYOUTS)
        return load_layouts(path) if path else {}

    def _path(self, name: str) -> Path | None:
        return self.folder / name if self.folder and name in self.names else None


def load_layouts(path: Path) -> LayoutTable:
    """Read the table that `layouts` made.

    Raises:
        ScoreFileError: If it is none.
    """
    try:
        table = json.loads(path.read_text("utf-8"))
        for texts in table.values():
            for text in texts:
                layout_of_text(text)
    except (OSError, ValueError, AttributeError, TypeError, TokenError) as error:
        raise ScoreFileError(f"{path.name} is no table of layouts") from error
    return table  # type: ignore[no-any-return]  # checked above


def attach(folder: Path, files: Mapping[str, Path]) -> list[str]:
    """Put files beside the weights that they were made for; return all that belong to these now.

    Args:
        folder: Of the checkpoint.
        files: `novelty`, `bands`, `weights` or `layouts` -> what was made.

    Raises:
        CheckpointError: If the folder holds no checkpoint.
        OptionError: If there is no file, or the weights of the rules were learned for another one.
        ScoreFileError: If a file is none of its kind.
    """
    fingerprint = fingerprint_of(folder)
    if not files:
        raise OptionError(f"give one of {', '.join('--' + name for name in _NAMES)}")
    for name, path in files.items():
        _CHECKS[name](path)
        if name == "weights" and (made_for := _checkpoint_of(path)) != fingerprint:
            raise OptionError(
                f"{path.name} was learned for the checkpoint {made_for}, not for {fingerprint}"
            )
    known = Companions.of(folder, fingerprint).names
    for name, path in files.items():
        (folder / _NAMES[name]).write_bytes(path.read_bytes())
    names = sorted(known | {_NAMES[name] for name in files})
    values = {"checkpoint": fingerprint, "files": names}
    (folder / LIST).write_text(json.dumps(values, indent=1) + "\n", "utf-8")
    return names


_NAMES = {"novelty": INDEX, "bands": BANDS, "weights": WEIGHTS, "layouts": LAYOUTS}
_CHECKS: Mapping[str, Callable[[Path], object]] = {
    "novelty": load_index,
    "bands": load_bands,
    "weights": load_weights,
    "layouts": load_layouts,
}


def _checkpoint_of(path: Path) -> str:
    """Return the fingerprint of the checkpoint that weights of the rules were learned for."""
    made = json.loads(path.read_text("utf-8")).get("made", {})
    return str(made.get("checkpoint", "of unknown weights"))
