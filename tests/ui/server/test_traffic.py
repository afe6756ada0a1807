from __future__ import annotations

import json
import logging

import pytest

from composer.ui.server import traffic
from composer.ui.server.traffic import Tollgate, log_call

VISITOR, OTHER = "93.184.216.34", "2606:2800:220:1::1"


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_who_asks_too_often_waits_and_nobody_else() -> None:
    gate, clock = Tollgate(60, Clock()), Clock()
    gate = Tollgate(60, clock)
    assert [gate.admits(VISITOR) for _ in range(31)] == [True] * 30 + [False]
    assert gate.admits(OTHER)
    clock.now_s = 1.0
    assert [gate.admits(VISITOR) for _ in range(2)] == [True, False]


def test_a_minute_brings_a_minute_of_calls() -> None:
    clock = Clock()
    gate, admitted = Tollgate(60, clock), 0
    for step in range(600):
        clock.now_s = step / 10
        admitted += gate.admits(VISITOR)
    assert 85 <= admitted <= 90  # what the bucket held, and a call a second


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "", "odd"])
def test_this_machine_and_private_networks_are_let_through(address: str) -> None:
    gate = Tollgate(1, Clock())
    assert all(gate.admits(address) for _ in range(50))


def test_nought_lets_everybody_ask() -> None:
    gate = Tollgate(0, Clock())
    assert all(gate.admits(VISITOR) for _ in range(1000))


def test_addresses_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MAX_ADDRESSES", 3)
    gate = Tollgate(60, Clock())
    for host in range(9):
        gate.admits(f"93.184.216.{host}")
    assert len(gate._buckets) == 3


def test_a_call_is_a_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, traffic.log.name):
        log_call("/call/compose\n", 500, 0.25, "abcd")
    (line,) = (record.message for record in caplog.records)
    assert json.loads(line).items() >= {"status": 500, "ms": 250, "incident": "abcd"}.items()
    assert "\n" not in line
