# `make help` prints this list.
PY := .venv/bin/python

.PHONY: help setup run test test-fast lint format eval robustness train bench lock clean

help:           ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 16

setup: .venv/.ready  ## make .venv with everything in it (quick when nothing changed)

.venv/.ready: requirements.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh

run: setup      ## start the job on the sample documents and show where to look
	@$(PY) -m neuraldocflow up --samples

test: setup     ## every test, real servers included
	@$(PY) -m pytest

test-fast: setup  ## the tests that need no server, in under a minute
	@$(PY) -m pytest -m "not servers and not slow"

lint: setup     ## formatting, lint, types
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy

format: setup   ## format the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

eval: setup     ## score extraction against the corpus' truth
	@$(PY) -m neuraldocflow.evaluate

robustness: setup  ## every file of the corpus through the job: a result or a typed error
	@$(PY) scripts/robustness.py

train: setup    ## learn the contract models and the calibrations again from the corpus
	@$(PY) -m neuraldocflow.training.contracts
	@$(PY) -m neuraldocflow.evaluate --only 'filings/*' --fit-calibration
	@$(PY) -m neuraldocflow.evaluate --only 'medical/*' --fit-calibration

bench: setup    ## every benchmark, as ratios against named references
	@for b in benchmarks/*.py; do $(PY) $$b || exit 1; done

lock: setup     ## resolve the dependencies again
	@$(PY) -m uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --group dev --all-extras pyproject.toml -o requirements.lock

clean:          ## remove everything that can be made again
	@rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache build dist
