"""REST under what its own description allows and forbids: no answer is a fault of ours."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import sampled_from
from starlette.testclient import TestClient

from composer.ui.rest.opening import open_rest
from composer.ui.rest.serving import alone
from composer.ui.server.turns import Turns
from tests.fake_studio import fake_studio

CALLS = 300
DESCRIPTION = "/api/v1/openapi.json"
# What is sent, by the names of the one client and of the other.
SENT = {one: one for one in ("method", "url", "params", "headers", "json")} | {"data": "content"}
BUSY = (501, 503)  # a tool is absent, or too many jobs wait: no faults


def test_of_three_hundred_odd_calls_none_is_a_fault_of_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSER_CALLS_PER_MINUTE", "0")
    monkeypatch.setenv("COMPOSER_METRICS", "1")
    turns = Turns(2)
    rest = open_rest(fake_studio().in_turn(turns), turns)
    client = TestClient(alone(rest), raise_server_exceptions=False)
    schema = schemathesis.openapi.from_dict(client.get(DESCRIPTION).json())
    operations = [found.ok() for found in schema.get_all_operations()]
    kinds = list(product(operations, schemathesis.GenerationMode))
    seen: Counter[int] = Counter()

    def answer_to(case: Any) -> int:
        """Return the status of the answer; what cannot be sent at all counts as 0."""
        sent = case.as_transport_kwargs(base_url="http://testserver")
        sent = {SENT[name]: one for name, one in sent.items() if name in SENT and one is not None}
        try:
            return client.request(**sent).status_code
        except (ValueError, TypeError, httpx.InvalidURL):  # the client's own refusal
            return 0

    @seed(26)
    @settings(
        max_examples=CALLS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sampled_from(kinds).flatmap(lambda kind: kind[0].as_strategy(kind[1])))
    def call(case: Any) -> None:
        if isinstance(case.query, dict) and "wait_s" in case.query:
            case.query = case.query | {"wait_s": 0}  # no time to wait for what is composed
        status = answer_to(case)
        seen[status] += 1
        assert status < 500 or status in BUSY, case.as_curl_command()

    with client:  # one loop for all calls
        call()
    rest.drain()
    jobs = rest.service.jobs._all()
    faults = [
        (job.kind, job.problem) for job in jobs if job.problem and job.problem["status"] == 500
    ]
    assert not faults
    assert seen[200] + seen[202] > CALLS / 10 and seen[422] > CALLS / 10
