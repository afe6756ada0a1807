"""Every setting with its type and range, and where its value comes from.

`sections` is the one table of settings. `sources` says where values come from, `reading` puts them
together and answers with sentences where a name or a value will not do. What trains and what is
trained has its settings in `composer.configuration`, above the rooms that define them.

Read at use, never at import: pydantic takes a moment to load.
"""

from composer.settings.reading import (
    Effective,
    as_environment,
    effective,
    overridden,
    read,
    read_as,
    split_overrides,
    stray_variables,
)
from composer.settings.sections import Settings

__all__ = [
    "Effective",
    "Settings",
    "as_environment",
    "effective",
    "overridden",
    "read",
    "read_as",
    "split_overrides",
    "stray_variables",
]
