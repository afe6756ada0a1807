"""What lies beside a checkpoint because it belongs to it, checked by the weights' fingerprint.

    menu.json               what may be asked for           (read with the weights)
    novelty.npz             the pieces that it learned from
    bands.json              where the values of real pieces lie
    scoring_weights.json    what a penalty costs, and what its model says of real pieces
    companions.json         {"checkpoint": fingerprint, "files": [names]}

A file that is not named there, or that was made for other weights, is passed over: to judge a
checkpoint by another one's index or weights is worse than to do without.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from composer.novelty import NoveltyIndex, load_index
from composer.scoring import Standards, load_bands
from composer.scoring.weights import load_model_bands, load_weights

log = logging.getLogger(__name__)
LIST = "companions.json"
INDEX, BANDS, WEIGHTS = "novelty.npz", "bands.json", "scoring_weights.json"


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

    def _path(self, name: str) -> Path | None:
        return self.folder / name if self.folder and name in self.names else None


def write_companions(folder: Path, fingerprint: str, names: Iterable[str]) -> Path:
    """Write down that files in a checkpoint's folder were made for its weights."""
    path = folder / LIST
    values = {"checkpoint": fingerprint, "files": sorted(names)}
    path.write_text(json.dumps(values, indent=1) + "\n", "utf-8")
    return path
