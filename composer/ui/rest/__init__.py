"""REST under /api/v1: the same abilities as on the page, for programs in any language."""
