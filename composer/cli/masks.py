"""Free masks from files: pictures and arrays -> what is open, [128 pitches, steps]."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from composer import extras
from composer.errors import OptionError

N_PITCHES = 128
MAX_STEPS = 60_000  # an hour at 250 quarters a minute
BRIGHT = 128  # of 255


def read_mask(path: Path) -> npt.NDArray[np.bool_]:
    """Read a mask.

    Args:
        path: Of a .npy file, [128, steps], true or above 0 where open; or of a picture of 128 rows
            with the highest pitch on top, bright where open.

    Raises:
        OptionError: If it is neither, or has no 128 rows.
        MissingTool: If pictures cannot be read here.
    """
    try:
        found = _read_array(path) if path.suffix.lower() == ".npy" else _read_picture(path)
    except (OSError, ValueError, EOFError) as error:
        raise OptionError(f"{path.name} cannot be read as a mask; give a PNG or a .npy") from error
    if found.ndim != 2 or len(found) != N_PITCHES or not 0 < found.shape[1] <= MAX_STEPS:
        shape = " x ".join(map(str, found.shape))
        raise OptionError(f"a mask must have {N_PITCHES} rows of pitches, {path.name} has {shape}")
    return found


def _read_array(path: Path) -> npt.NDArray[np.bool_]:
    return np.asarray(np.load(path, allow_pickle=False) > 0)


def _read_picture(path: Path) -> npt.NDArray[np.bool_]:
    with extras.named():
        from PIL import Image
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))[::-1] >= BRIGHT
