"""Many requests at once: a file of them -> a folder a row, and one table of all.

A row is in its folder whole or not at all, so that a batch that was stopped, however, goes on where
it was: what is there is not composed again, and nothing is lost.
"""

from composer.batch.rows import Row, read_rows, rows_of
from composer.batch.running import Batch, BatchProgress, run_batch
from composer.batch.table import write_table

__all__ = ["Batch", "BatchProgress", "Row", "read_rows", "rows_of", "run_batch", "write_table"]
