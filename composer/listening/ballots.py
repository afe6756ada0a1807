"""Who listened, what they heard and what they answered, kept so that no confirmed vote is lost.

A listener is known by a secret code, of which only a hash is kept; results name listeners by
another random word, so that neither database nor results let anyone answer for somebody else.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from composer.errors import RequestError
from composer.listening.storage import NOT_KEPT, Storage, StorageError, insert, one, run
from composer.listening.trials import Trial

_TRIES = 50  # for two listeners who come at the same moment, on PostgreSQL
_CODE_BYTES = 16
UNKNOWN = "this code is not known here; begin again, or ask for a new link"


@dataclass(frozen=True, slots=True)
class Vote:
    """An answer.

    Args:
        position: Of its trial in what the listener heard, from 0.
        trial: What was asked.
        answer: As `designs.check_answer` returned it.
        plays: How often each clip was started, by slot.
        listened_s: How long each clip was heard, by slot.
        elapsed_s: From the first sight of the trial to the answer, by the server's clock.
        voted_at: UTC, ISO 8601.
    """

    position: int
    trial: Trial
    answer: Mapping[str, Any]
    plays: Mapping[str, int]
    listened_s: Mapping[str, float]
    elapsed_s: float
    voted_at: str


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who took part.

    Args:
        id: Random; how results name the listener.
        number: From 0, in the order of coming.
        began_at, finished_at: UTC, ISO 8601; empty if not finished.
        answers: To the questionnaire.
        trials: In order.
        votes: In order; not more than trials.
        is_withdrawn: Whether the listener took all answers back.
    """

    id: str
    number: int
    began_at: str
    finished_at: str
    answers: Mapping[str, str]
    trials: tuple[Trial, ...]
    votes: tuple[Vote, ...]
    is_withdrawn: bool = False


class UnknownCode(RequestError):
    """Nobody has this code."""


class Ballots:
    """All answers of one study.

    Args:
        place: The path of an SQLite file, or a URL such as postgresql://user@host/name.

    Raises:
        StorageError: If it cannot be opened.
    """

    def __init__(self, place: Path | str) -> None:
        self.storage = Storage(place)

    def enrol(self, draw: Callable[[int], Sequence[Trial]]) -> str:
        """Take in a listener; return the secret code.

        Args:
            draw: The number of a listener -> the trials.

        Raises:
            StorageError: If that could not be kept.
        """
        from sqlalchemy.exc import IntegrityError

        code, name = secrets.token_urlsafe(_CODE_BYTES), f"listener-{secrets.token_hex(4)}"
        for _ in range(_TRIES):
            try:
                with self.storage.write() as connection:
                    last = one(connection, "SELECT MAX(number) FROM participants")[0]
                    number = 0 if last is None else int(last) + 1
                    person = {"id": name, "code_hash": _hashed(code), "number": number}
                    insert(connection, "participants", person | {"began_at": _now()})
                    for position, trial in enumerate(draw(number)):
                        row = {"participant": name, "position": position}
                        text = json.dumps(trial.to_dict(), ensure_ascii=False)
                        insert(connection, "trials", row | {"trial": text})
                return code
            except IntegrityError:  # somebody else took the number
                continue
        raise StorageError(NOT_KEPT)

    def find(self, code: str) -> str:
        """Return the name of the listener with a code.

        Raises:
            UnknownCode: If nobody has it.
        """
        with self.storage.read() as connection:
            query = "SELECT id FROM participants WHERE code_hash = :hash AND withdrawn_at IS NULL"
            row = one(connection, query, hash=_hashed(code))
        if row is None:
            raise UnknownCode(UNKNOWN)
        return str(row[0])

    def progress(self, name: str) -> tuple[int, int, bool]:
        """Return how many trials are answered, how many there are, and whether all is finished."""
        query = """SELECT (SELECT COUNT(*) FROM votes WHERE participant = :name),
            (SELECT COUNT(*) FROM trials WHERE participant = :name), finished_at
            FROM participants WHERE id = :name"""
        with self.storage.read() as connection:
            row = one(connection, query, name=name)
        return int(row[0]), int(row[1]), row[2] is not None

    def trial(self, name: str, position: int) -> Trial:
        """Return a trial of a listener.

        Raises:
            RequestError: If the listener has none of that number.
        """
        with self.storage.read() as connection:
            query = "SELECT trial FROM trials WHERE participant = :name AND position = :position"
            row = one(connection, query, name=name, position=position)
        if row is None:
            raise RequestError("there is no such trial")
        return Trial.from_dict(json.loads(row[0]))

    def show(self, name: str, position: int) -> None:
        """Remember when a trial was first seen."""
        with self.storage.write() as connection:
            run(
                connection,
                """UPDATE trials SET shown_at = :now
                WHERE participant = :name AND position = :position AND shown_at IS NULL""",
                now=_now(), name=name, position=position,
            )  # fmt: skip

    def vote(
        self,
        name: str,
        position: int,
        answer: Mapping[str, Any],
        plays: Mapping[str, int],
        listened_s: Mapping[str, float],
    ) -> bool:
        """Keep an answer; only when this returns is it kept.

        Returns:
            Whether it is new: the first answer to a trial stands, whatever is sent later.

        Raises:
            RequestError: If an earlier trial has no answer yet.
            StorageError: If it could not be kept.
        """
        from sqlalchemy.exc import IntegrityError

        row = {"participant": name, "position": position, "voted_at": _now()}
        texts = {"answer": answer, "plays": plays, "listened_s": listened_s}
        try:
            with self.storage.write() as connection:
                n_votes = one(
                    connection, "SELECT COUNT(*) FROM votes WHERE participant = :name", name=name
                )[0]
                if n_votes < position:
                    raise RequestError("an earlier trial has no answer yet; answer that one first")
                row["elapsed_s"] = _elapsed_s(connection, name, position)
                insert(connection, "votes", row | {key: json.dumps(texts[key]) for key in texts})
        except IntegrityError:
            return False
        return True

    def finish(self, name: str, answers: Mapping[str, str]) -> None:
        """Keep the questionnaire, and that the listener has come to the end.

        Raises:
            RequestError: If a trial has no answer yet.
        """
        done, wanted, is_finished = self.progress(name)
        if done < wanted:
            raise RequestError("a trial has no answer yet; answer that one first")
        if is_finished:
            return
        with self.storage.write() as connection:
            run(
                connection,
                "UPDATE participants SET answers = :answers, finished_at = :now WHERE id = :name",
                answers=json.dumps(dict(answers), ensure_ascii=False), now=_now(), name=name,
            )  # fmt: skip

    def withdraw(self, name: str) -> None:
        """Take back all that a listener answered."""
        with self.storage.write() as connection:
            run(connection, "DELETE FROM votes WHERE participant = :name", name=name)
            run(
                connection,
                "UPDATE participants SET answers = '{}', withdrawn_at = :now WHERE id = :name",
                now=_now(), name=name,
            )  # fmt: skip

    def names(self) -> tuple[str, ...]:
        """Return the names of all listeners, in the order of coming."""
        with self.storage.read() as connection:
            rows = run(connection, "SELECT id FROM participants ORDER BY number").all()
        return tuple(str(row[0]) for row in rows)

    def listener(self, name: str) -> Listener:
        """Return all that is known of a listener."""
        with self.storage.read() as connection:
            person = one(connection, "SELECT * FROM participants WHERE id = :name", name=name)
            query = "SELECT {} FROM {} WHERE participant = :name ORDER BY position"
            trials = run(connection, query.format("trial", "trials"), name=name).all()
            votes = run(connection, query.format("*", "votes"), name=name).all()
        known = tuple(Trial.from_dict(json.loads(row[0])) for row in trials)
        return Listener(
            id=name,
            number=person.number,
            began_at=person.began_at,
            finished_at=person.finished_at or "",
            answers=json.loads(person.answers),
            trials=known,
            votes=tuple(_read_vote(row, known) for row in votes),
            is_withdrawn=person.withdrawn_at is not None,
        )

    def listeners(self) -> tuple[Listener, ...]:
        """Return all that is known of all listeners."""
        return tuple(self.listener(name) for name in self.names())


def _read_vote(row: Any, trials: Sequence[Trial]) -> Vote:
    return Vote(
        position=row.position,
        trial=trials[row.position],
        answer=json.loads(row.answer),
        plays=json.loads(row.plays),
        listened_s=json.loads(row.listened_s),
        elapsed_s=row.elapsed_s,
        voted_at=row.voted_at,
    )


def _elapsed_s(connection: Any, name: str, position: int) -> float:
    query = "SELECT shown_at FROM trials WHERE participant = :name AND position = :position"
    row = one(connection, query, name=name, position=position)
    if row is None or row[0] is None:
        raise RequestError("this trial was not shown yet; load the page again")
    elapsed = datetime.now(UTC) - datetime.fromisoformat(row[0])
    return round(elapsed.total_seconds(), 3)


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
