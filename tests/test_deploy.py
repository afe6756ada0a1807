"""What lies in deploy/, as far as it can be checked where no container runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from starlette.testclient import TestClient

from composer.settings import stray_variables
from composer.ui.rest.serving import alone
from tests.ui.rest.conftest import opened

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: one["kind"])
def test_the_manifest_fits_the_schema_of_kubernetes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_a_manifest_that_does_not_fit_is_refused() -> None:
    wrong = json.loads(json.dumps(MANIFESTS[0]))
    wrong["spec"]["replicas"] = "two"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.34", strict=True)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setenv("COMPOSER_METRICS", "1")
    return TestClient(alone(opened()))


def test_what_is_probed_and_scraped_is_there(client: TestClient) -> None:
    (container,) = MANIFESTS[0]["spec"]["template"]["spec"]["containers"]
    probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]
    paths = [*(probe["path"] for probe in probes), scraped["metrics_path"]]
    assert [client.get(path).status_code for path in paths] == [200] * 4


def test_the_board_asks_for_metrics_that_there_are(client: TestClient) -> None:
    few = {"composer": "Bach", "form": "chorale", "bars": 2, "candidates": 1}
    client.post("/api/v1/compose", params={"wait_s": 30}, json=few)
    found = set(re.findall(r"^(\w+)", client.get("/api/v1/metrics").text, flags=re.MULTILINE))
    board = json.loads((DEPLOY / "grafana" / "composer.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b((?:composer|process)_\w+)", target["expr"])
    }
    of_gpus = {name for name in asked if "_gpu_" in name}  # only where there is one
    assert len(asked) > 8 and asked - of_gpus <= found


def test_services_name_files_and_settings_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services = COMPOSE["services"]
    assert {"page", "prometheus", "grafana"} == set(services)
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file()
    for name, value in services["page"]["environment"].items():
        monkeypatch.setenv(name, value)
    assert stray_variables() == {}
    sources = yaml.safe_load((DEPLOY / "grafana" / "source.yaml").read_text())["datasources"]
    assert {"http://prometheus:9090"} == {one["url"] for one in sources}


def instructions(name: str) -> list[str]:
    text = (ROOT / name).read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [line for line in re.sub(r"\s*\\\n\s*", " ", lines).splitlines() if line]


def test_the_cuda_image_is_the_production_image_but_for_torch_and_the_device() -> None:
    usual, cuda = (set(instructions(name)) for name in ("Dockerfile", "deploy/Dockerfile.cuda"))
    differing = {line.split()[0] for line in usual ^ cuda}
    assert differing <= {"ARG", "RUN", "ENV"}
    assert any("COMPOSER_DEVICE=cuda" in line for line in cuda)
    assert not any("whl/cpu" in line for line in cuda)


@pytest.mark.parametrize("name", ["Dockerfile", "deploy/Dockerfile.cuda", "deploy/Dockerfile.dev"])
def test_an_image_is_made_of_instructions_and_of_what_is_here(name: str) -> None:
    found = instructions(name)
    known = ["FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "CMD"]
    assert found[0].startswith("FROM python:3.11") and {x.split()[0] for x in found} <= set(known)
    sources = [s for x in found if x.startswith("COPY ") for s in x.split()[1:-1]]
    assert all((ROOT / source).exists() for source in sources)
