"""Untrusted or heavy work in processes that can be killed: bytes in, bytes out, within limits.

A resident *nursery* per set of modules has imported them once and forks a child for every job, so
that a job pays for no import; the child's time, memory and files are limited, and it dies with its
nursery, as the nursery dies with us. Knows processes, and nothing of music.
"""

from composer.worker.client import call, warm

__all__ = ["call", "warm"]
