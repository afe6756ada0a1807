"""A batch on a real cluster of two node processes, one of which is killed in mid-run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from composer.batch import Batch, Row
from composer.batch.running import DIED, ROWS, read_record, run_batch
from composer.errors import OptionError
from tests.serving import ROOT

ray = pytest.importorskip("ray")
# Not in the gate: a cluster takes half a minute to come up and go. RAY_CLUSTER_TESTS=1 runs it.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("RAY_CLUSTER_TESTS" not in os.environ, reason="set RAY_CLUSTER_TESTS=1"),
]
STORE_BYTES = 80_000_000


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    # Nodes have the address of the machine, which tests may not call from Python.
    monkeypatch.setattr("composer.batch.cluster._check_reachable", lambda where: None)
    head = {"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    found = Cluster(initialize_head=True, head_node_args=head)
    yield found
    found.shutdown()


def rows(n: int, **settings: Any) -> list[Row]:
    usual = {"composer": "Bach", "form": "chorale", "bars": 2, "candidates": 1}
    return [Row(f"row-{k}", k, usual | {"seed": k} | settings) for k in range(1, n + 1)]


def test_rows_of_a_node_that_is_killed_go_to_the_other(cluster: Any, tmp_path: Path) -> None:
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES) for _ in range(2)]
    batch = Batch([*rows(12), Row("row-13", 13, {"bars": 0})], tmp_path, 2, on=cluster.address)
    written: dict[str, int] = {}
    for step in run_batch(batch):
        if step.done == 4:
            written = {
                path.parent.name: path.stat().st_mtime_ns
                for path in (tmp_path / ROWS).glob("*/row.json")
            }
            cluster.remove_node(nodes[0], allow_graceful=False)
    assert (step.done, step.errors, step.wanted) == (13, 1, 13)
    for row in batch.rows:
        assert read_record(tmp_path, row)["error"] != DIED
    for name, time_ns in written.items():  # what was there is not composed again
        assert (tmp_path / ROWS / name / "row.json").stat().st_mtime_ns == time_ns


@pytest.mark.parametrize("where", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere"])
def test_where_there_is_no_cluster_the_sentence_says_so(where: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no Ray cluster"):
        list(run_batch(Batch(rows(1), tmp_path, on=where)))
