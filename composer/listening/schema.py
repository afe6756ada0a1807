"""The tables of the ballots and their migrations, for SQLite and PostgreSQL alike.

A database knows the version of its tables; every migration leads from one version to the next, and
none is ever changed once votes were kept under it.
"""

from __future__ import annotations

from typing import Any

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE participants (
            id TEXT PRIMARY KEY, code_hash TEXT NOT NULL UNIQUE, number INTEGER NOT NULL UNIQUE,
            began_at TEXT NOT NULL, finished_at TEXT, answers TEXT NOT NULL DEFAULT '{}')""",
        """CREATE TABLE trials (
            participant TEXT NOT NULL REFERENCES participants (id), position INTEGER NOT NULL,
            trial TEXT NOT NULL, shown_at TEXT, PRIMARY KEY (participant, position))""",
        """CREATE TABLE votes (
            participant TEXT NOT NULL, position INTEGER NOT NULL, answer TEXT NOT NULL,
            plays TEXT NOT NULL, listened_s TEXT NOT NULL, elapsed_s DOUBLE PRECISION NOT NULL,
            voted_at TEXT NOT NULL, UNIQUE (participant, position),
            FOREIGN KEY (participant, position) REFERENCES trials (participant, position))""",
    ),
    ("ALTER TABLE participants ADD COLUMN withdrawn_at TEXT",),
)
VERSION = len(MIGRATIONS)


def migrate(connection: Any) -> int:
    """Bring a database to the present version, inside the transaction of a connection.

    Args:
        connection: Of SQLAlchemy, in a transaction.

    Returns:
        The version found; larger than `VERSION` if a newer program made the database.
    """
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER)")
    row = connection.exec_driver_sql("SELECT MAX(version) FROM schema_version").first()
    found = int(row[0] or 0)
    for version, statements in enumerate(MIGRATIONS[found:], start=found + 1):
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"INSERT INTO schema_version (version) VALUES ({version:d})")
    return found
