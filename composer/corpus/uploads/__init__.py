"""The one gate for files that people bring: their kind told by their content, in a worker, checked.

Size and first bytes are looked at here; structure scan and parsing happen in a process with limits;
what comes back is JSON of a `Piece`, built anew and held to the limits of uploads. Whatever is
wrong ends in one sentence that says so and what would do.
"""

from composer.corpus.uploads.gate import MAX_UPLOAD_BYTES, read_score, read_score_bytes

__all__ = ["MAX_UPLOAD_BYTES", "read_score", "read_score_bytes"]
