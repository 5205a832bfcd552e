# `make help` prints this list.
PY := .venv/bin/python

# Where it is set, each of the hundreds of processes that tests start compiles every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup web wasm run services test test-fast test-cluster lint format eval robustness parity train soak bench docs lock clean

help:           ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 16

setup: .venv/.ready  ## make .venv with everything in it (quick when nothing changed)

.venv/.ready: requirements.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh

web: setup      ## build the page and the TypeScript packages
	@sh scripts/web.sh --required
	@$(PY) scripts/make_wasm.py

wasm: web       ## the same: with it goes what browsers read documents with (once 18 MB from PyPI)

run: setup      ## start the job on the sample documents and show where to look
	@sh scripts/web.sh
	@$(PY) scripts/make_wasm.py || true
	@$(PY) -m neuraldocflow up --samples

services: setup ## real servers to try things with (Kafka, S3, SQS), until Ctrl-C
	@$(PY) scripts/services.py

test: web       ## every test, real servers included, three files at a time: many wait for servers
	@sh scripts/web.sh --required test
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations=15

test-fast: setup  ## the tests that need no server, in under a minute
	@$(PY) -m pytest -m "not servers and not slow and not cluster"

test-cluster: setup  ## two files at a time: jobs of several processes, three Kafka nodes, cut networks, a Kubernetes control plane (first time: ten minutes more)
	@$(PY) -m pytest -m cluster -n 2 --dist loadfile --no-loadscope-reorder --durations=15

lint: setup     ## formatting, lint, types, of the web too
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@sh scripts/web.sh --required check

format: setup   ## format the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .
	@sh scripts/web.sh --required format

eval: setup     ## score extraction against the corpus' truth
	@$(PY) -m neuraldocflow.evaluate

robustness: setup  ## every file of the corpus through the job: a result or a typed error
	@$(PY) scripts/robustness.py

parity: setup   ## every file of the corpus in the browser too: the same result as the job's, byte for byte
	@$(PY) scripts/parity.py

train: setup    ## learn the contract models and the calibrations again from the corpus
	@$(PY) -m neuraldocflow.training.contracts
	@$(PY) -m neuraldocflow.evaluate --only 'filings/*' --fit-calibration
	@$(PY) -m neuraldocflow.evaluate --only 'medical/*' --fit-calibration

soak: setup     ## half an hour of documents while things are killed, memory and handles watched
	@$(PY) scripts/soak.py

BENCH ?= --quick

bench: setup    ## every benchmark, as ratios against named references, a minute or two each (whole: BENCH=)
	@$(PY) -m neuraldocflow bench $(BENCH)

docs: setup     ## write what is generated in docs/ again: the schemas, and the commands with their options
	@$(PY) -m neuraldocflow.schemas docs/schemas
	@$(PY) -m typer neuraldocflow.cli utils docs --name neuraldocflow --title Commands --output docs/commands.md

lock: setup     ## resolve the dependencies again, for working on it and for the image
	@$(PY) -m uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --group dev --all-extras pyproject.toml -o requirements.lock
	@$(PY) -m uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --all-extras -c requirements.lock pyproject.toml -o requirements.runtime.lock

clean:          ## remove everything that can be made again
	@rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache build dist
	@rm -rf neuraldocflow/static web/node_modules web/*/dist
