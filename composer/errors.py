"""The errors that callers may see, as one tree.

    ComposerError
    ├── RequestError        the caller asked for something impossible; shown to the person
    │   ├── OptionError         a value out of its range
    │   ├── PortError           a MIDI port that is not there, or is lost
    │   ├── ScoreFileError      a file that cannot be read as music
    │   ├── UnknownCode         a listener's code that no study knows (listening.ballots)
    │   └── WordError           a word that is no REMIGEN (remigen.decoding)
    ├── TokenError          events that do not spell a piece; carries the position
    ├── CheckpointError     weights, config and vocabulary do not fit together
    ├── OutOfMemory         an accelerator has no room for so many candidates at once
    ├── StorageError        a vote could not be kept (listening.storage)
    ├── WorkerError         work in a process of its own was stopped or broke; carries the cause
    └── MissingTool         an optional tool is absent; says how to install it

A message says what was asked, what came and what would do. Everything else that is raised is a bug.
"""

from __future__ import annotations


class ComposerError(Exception):
    """Root of all errors that are meant to be read by a person."""


class RequestError(ComposerError):
    """What was asked for is impossible; the message says what would do."""


class OptionError(RequestError):
    """A value is out of its range."""


class PortError(RequestError):
    """A MIDI port is not there, or is lost."""


class ScoreFileError(RequestError):
    """A file cannot be read as music."""


class TokenError(ComposerError):
    """Events that do not spell a piece.

    Args:
        message: What is wrong.
        position: Index of the first offending event.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(f"{message} (event {position})")
        self.position = position


class CheckpointError(ComposerError):
    """Weights, config and vocabulary do not fit together."""


class OutOfMemory(ComposerError):
    """An accelerator has no room for so many candidates at once."""


class WorkerError(ComposerError):
    """Work that was given to a process of its own came to no answer.

    Args:
        message: One plain sentence.
        cause: `time`, `memory`, `crash`, `size` (of the answer), `busy` or `start`.
    """

    def __init__(self, message: str, cause: str = "crash") -> None:
        super().__init__(message)
        self.cause = cause


class MissingTool(ComposerError):
    """An optional tool is absent; the message says how to install it."""
