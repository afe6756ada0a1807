"""What a process of a batch may come to."""

from __future__ import annotations

import os
from pathlib import Path

from composer.batch.rows import Row


def die_of_wide_rows(row: Row, folder: Path) -> bool:
    """End the process, as a system without memory does, if a row asks for eight parts."""
    from composer.batch.running import keep_error

    if row.values.get("parts") == 8:
        os._exit(9)
    keep_error(row, folder, "")
    return False
