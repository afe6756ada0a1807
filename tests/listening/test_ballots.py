from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from composer.errors import RequestError
from composer.listening import journal, schema
from composer.listening.ballots import Ballots, UnknownCode
from composer.listening.storage import StorageError
from composer.listening.trials import COUNTED, Trial

TRIALS = tuple(Trial(COUNTED, "?", f"p{n}", ("a", "b"), ("1", "2")) for n in range(3))
ROOT = Path(__file__).parents[2]
# Four writers vote until they are killed, and say what was confirmed.
WRITERS = """
import sys, threading
from composer.listening.ballots import Ballots
from composer.listening.trials import COUNTED, Trial
ballots, trial = Ballots(sys.argv[1]), Trial(COUNTED, "?", "p", ("a", "b"), ("1", "2"))

def write():
    while True:
        name = ballots.find(ballots.enrol(lambda number: [trial] * 3))
        for position in range(3):
            ballots.show(name, position)
            ballots.vote(name, position, {"choice": "a"}, {}, {})
            sys.stdout.write(f"{name} {position}\\n")
            sys.stdout.flush()

for _ in range(4):
    threading.Thread(target=write).start()
"""


def enrol(ballots: Ballots) -> str:
    return ballots.find(ballots.enrol(lambda number: TRIALS))


def vote(ballots: Ballots, name: str, position: int, choice: str = "a") -> bool:
    ballots.show(name, position)
    return ballots.vote(name, position, {"choice": choice}, {"a": 1, "b": 2}, {"a": 5.0, "b": 6.0})


def test_what_was_kept_is_read_back(ballots: Ballots) -> None:
    name = enrol(ballots)
    for position in range(3):
        assert vote(ballots, name, position)
    ballots.finish(name, {"remarks": "=1+1"})
    found = ballots.listeners()[0]
    assert (found.id, found.number, found.answers) == (name, 0, {"remarks": "=1+1"})
    assert [one.answer for one in found.votes] == [{"choice": "a"}] * 3
    assert found.votes[2].trial == TRIALS[2]
    assert found.votes[0].listened_s == {"a": 5.0, "b": 6.0}
    assert found.finished_at > found.began_at


def test_a_retry_is_no_second_vote_and_the_first_answer_stands(ballots: Ballots) -> None:
    name = enrol(ballots)
    assert vote(ballots, name, 0, "a")
    assert not vote(ballots, name, 0, "b")
    assert [one.answer["choice"] for one in ballots.listener(name).votes] == ["a"]


def test_trials_are_answered_in_order_and_only_when_shown(ballots: Ballots) -> None:
    name = enrol(ballots)
    with pytest.raises(RequestError, match="earlier trial"):
        vote(ballots, name, 1)
    with pytest.raises(RequestError, match="not shown"):
        ballots.vote(name, 0, {}, {}, {})
    with pytest.raises(RequestError, match="no answer yet"):
        ballots.finish(name, {})
    with pytest.raises(RequestError, match="no such trial"):
        ballots.trial(name, 3)


def test_a_code_is_known_by_its_hash_only(ballots: Ballots, tmp_path: Path) -> None:
    code = ballots.enrol(lambda number: TRIALS)
    assert ballots.find(code).startswith("listener-")
    assert code.encode() not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    with pytest.raises(UnknownCode):
        ballots.find("another")


def test_whoever_withdraws_leaves_no_answer_behind(ballots: Ballots) -> None:
    code = ballots.enrol(lambda number: TRIALS)
    name = ballots.find(code)
    vote(ballots, name, 0)
    ballots.withdraw(name)
    assert ballots.listener(name).is_withdrawn
    assert ballots.listener(name).votes == ()
    with pytest.raises(UnknownCode):
        ballots.find(code)


def test_listeners_who_come_together_get_different_numbers(ballots: Ballots) -> None:
    threads = [threading.Thread(target=enrol, args=[ballots]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.number for one in ballots.listeners()] == list(range(8))


def test_a_killed_process_loses_no_confirmed_vote(tmp_path: Path) -> None:
    """Four writers at once, killed in the middle; benchmarks/listening/kills.py kills a server."""
    path = tmp_path / "ballots.sqlite"
    command = [sys.executable, "-c", WRITERS, str(path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as writers:
        assert writers.stdout
        said = [writers.stdout.readline() for _ in range(20)]
        writers.kill()
        said += [line for line in writers.stdout if line.endswith("\n")]
    kept = {(one.id, vote.position) for one in Ballots(path).listeners() for vote in one.votes}
    assert {(line.split()[0], int(line.split()[1])) for line in said} <= kept
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_every_vote_waits_for_the_disk(ballots: Ballots) -> None:
    with ballots.storage.read() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    assert found == ["wal", 2, 10_000]


def test_ballots_of_the_first_version_are_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    old = sqlite3.connect(path)
    for statement in ("CREATE TABLE schema_version (version INTEGER)", *schema.MIGRATIONS[0]):
        old.execute(statement)
    old.execute("INSERT INTO schema_version VALUES (1)")
    old.execute("INSERT INTO participants VALUES ('x', 'hash', 0, '2026-01-01', NULL, '{}')")
    old.commit()
    old.close()
    assert [one.id for one in Ballots(path).listeners()] == ["x"]
    assert [one.id for one in Ballots(path).listeners()] == ["x"]  # and once more


def test_ballots_of_a_newer_version_are_left_alone(ballots: Ballots, tmp_path: Path) -> None:
    with ballots.storage.write() as connection:
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (99)")
    with pytest.raises(StorageError, match="newer program"):
        Ballots(tmp_path / "ballots.sqlite")


def test_a_damaged_file_is_told_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ballots.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="damaged"):
        Ballots(path)
    assert path.read_bytes() == b"no database at all" * 100


@pytest.mark.parametrize("url", ["mysql://host/name", "://", "http://example.org"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(RequestError):
        Ballots(url)


def test_exported_files_bring_everything_back(ballots: Ballots, tmp_path: Path) -> None:
    code = ballots.enrol(lambda number: TRIALS)
    vote(ballots, ballots.find(code), 0)
    enrol(ballots)
    assert journal.export_all(ballots, tmp_path / "exports") == 2
    again = Ballots(tmp_path / "again.sqlite")
    assert journal.restore(again, tmp_path / "exports") == 2
    assert journal.restore(again, tmp_path / "exports") == 0
    assert again.listeners() == ballots.listeners()
    assert vote(again, again.find(code), 1)  # whoever was on the way goes on
    assert journal.read_listeners(tmp_path, exports=tmp_path / "exports") == ballots.listeners()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"table": "votes; DROP"}', '{"table": "votes"}'])
def test_other_files_are_no_exports(text: str, ballots: Ballots, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(RequestError, match="no export"):
        journal.restore(ballots, tmp_path)
