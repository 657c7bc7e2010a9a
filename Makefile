# Two commands matter: `make lab` tries mirrorgate on a simulated pair, `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: lab test faults check screenshots bench lock clean

# Everything installs into .venv from the lock file; touching it again is free.
$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

lab: $(VENV)/installed
	$(BIN)/mirrorgate lab

test: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Every job, every step, every fault: 2,400 cells, an hour or two. A part of it is in `make test`.
# `python -m tests.faults --keep FILE` can be interrupted and goes on with what has not passed yet.
faults: $(VENV)/installed
	$(BIN)/python -m pytest -m slow
	$(BIN)/python -m tests.faults

check: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files '*.sh' | xargs $(BIN)/shellcheck

screenshots: $(VENV)/installed
	$(BIN)/python -m tests.screenshots screenshots

bench: $(VENV)/installed
	$(BIN)/python -m tests.bench

# The lock is what CI installs: every package, direct or not, at one version.
lock:
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/pip install --quiet --upgrade pip uv
	.lock-venv/bin/uv pip compile --quiet --no-annotate --group dev --extra lab --extra fast --extra browser pyproject.toml --output-file requirements.lock
	rm -rf .lock-venv

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
