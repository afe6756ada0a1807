"""Where ballots lie: an SQLite file, or PostgreSQL by its URL. Knows no study.

SQLite writes ahead (WAL) and waits for the disk at every commit (synchronous=FULL), so that what
was confirmed survives a killed process and a lost power supply. Every write takes the write lock
at its beginning (BEGIN IMMEDIATE), and waits for others up to ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.errors import ComposerError, MissingTool, RequestError
from composer.listening import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_MS = 10_000
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)
NOT_KEPT = "this could not be kept just now; nothing is lost, so please try again in a moment"


class StorageError(ComposerError):
    """Ballots cannot be read or kept; what was not kept was not confirmed."""


class Storage:
    """A database with the tables of this version.

    Args:
        place: The path of an SQLite file, or a URL such as postgresql://user@host/name.

    Raises:
        StorageError: If it cannot be opened, or was made by a newer version.
        MissingTool: If PostgreSQL is asked for and its driver is absent.
    """

    def __init__(self, place: Path | str) -> None:
        self._engine = _open(place)
        with self.write() as connection:
            if connection.dialect.name == "postgresql":  # two servers may start at once
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2132)")
            found = schema.migrate(connection)
        if found > schema.VERSION:
            raise StorageError(
                f"the ballots are of version {found}, and this program knows {schema.VERSION}; "
                "use the newer program"
            )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Lend a connection in a transaction, committed at the end: only then is all kept.

        Raises:
            StorageError: If it could not be committed.
        """
        with _plainly(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Lend a connection to read with.

        Raises:
            StorageError: If that cannot be.
        """
        with _plainly(), self._engine.connect() as connection:
            yield connection.execution_options(reads_only=True)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def insert(connection: Any, table: str, row: Mapping[str, Any]) -> None:
    """Insert one row; names of columns are ours, never a visitor's."""
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    run(connection, f"INSERT INTO {table} ({names}) VALUES ({values})", **row)


def one(connection: Any, query: str, **values: Any) -> Any:
    """Return the first row of a query, or None."""
    return run(connection, query, **values).first()


def run(connection: Any, query: str, **values: Any) -> Any:
    """Run a query with named values; return its result."""
    from sqlalchemy import text

    return connection.execute(text(query), values)


def _open(place: Path | str) -> Engine:
    from sqlalchemy import NullPool, create_engine, event

    if isinstance(place, str) and "://" in place:
        return _open_postgresql(place)
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # or the driver would begin on its own, and too late
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_read = connection.get_execution_options().get("reads_only")
        connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")

    return engine


def _open_postgresql(url: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        found = make_url(url)
    except ArgumentError as error:
        raise RequestError("the address of the ballots is no URL of a database") from error
    if found.get_backend_name() != "postgresql":
        raise RequestError("ballots are kept in an SQLite file or in PostgreSQL; name one of them")
    try:
        return create_engine(found.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ImportError as error:
        raise MissingTool("PostgreSQL needs its driver: `pip install psycopg[binary]`") from error


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn what a database complains of into one sentence; `IntegrityError` is for the caller."""
    from sqlalchemy.exc import DatabaseError, IntegrityError

    try:
        yield
    except IntegrityError:
        raise
    except DatabaseError as error:
        words = str(error.orig).lower()
        if "malformed" in words or "not a database" in words:
            raise StorageError(
                "the file of the ballots is damaged; move it away and start again, and all "
                "exported answers are restored"
            ) from error
        raise StorageError(NOT_KEPT) from error
