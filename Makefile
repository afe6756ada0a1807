# make setup, run, test, check, format, bench, train, space. Each sets up what it needs; the second time that is quick.

PYTHON := .venv/bin/python
HOST ?= 127.0.0.1
PORT ?= 7860

# make train SCORES=folder MINUTES=120 OUT=runs/small ARGS=--resume
SCORES ?= scores
EVENTS ?= events.npz
PRESET ?= small
MINUTES ?= 120
OUT ?= runs/$(PRESET)
ARGS ?=

# make space REPO=owner/name ARGS=--dry-run   uploads to Hugging Face with the token HF_TOKEN
REPO ?=

.PHONY: setup run test check lint format bench train space

setup:
	@scripts/setup.sh run

run: setup
	@HOST=$(HOST) PORT=$(PORT) $(PYTHON) app.py

test:
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory lint
	@$(PYTHON) -m pytest -n auto --dist loadfile -m "not browser"
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m browser --reruns 1 --only-rerun TimeoutError

check:
	@scripts/setup.sh check
	@$(MAKE) --no-print-directory lint
	@$(PYTHON) -m pytest -q tests/test_layers.py

lint:
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m mypy

format:
	@scripts/setup.sh check
	@$(PYTHON) -m ruff format
	@$(PYTHON) -m ruff check --fix

bench: setup
	@$(PYTHON) benchmarks/speed/compose.py --out benchmarks/speed/compose.json

train: setup $(EVENTS)
	@$(PYTHON) -m composer train --events $(EVENTS) --preset $(PRESET) --minutes $(MINUTES) --out $(OUT) $(ARGS)

$(EVENTS): | setup
	@$(PYTHON) -m composer pack $(SCORES) --licence open --out $@

space: setup
	@$(PYTHON) scripts/space.py '$(REPO)' $(ARGS)
