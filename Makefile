# Everything that is done with this repository, one word each. `make setup` needs python3.11 or later with its venv module;
# `demo` and `test` call it by themselves.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: setup demo test test-all lint bench docs clean

setup: $(STAMP)

# torch comes first and by itself: it is nine tenths of the download, and stays when a later step fails.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "plainloop needs Python 3.11 or later"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt setuptools
	$(PIP) install --quiet --constraint constraints.txt torch
	$(PIP) install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/plainloop demo --output demo

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow"

test-all: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check src tests docs
	$(BIN)/mypy

bench: setup
	for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

# The examples of README.md and docs/ are executed, and the generated pages compared with what they are made from.
docs: setup
	for maker in docs/make_*.py; do $(BIN)/python $$maker || exit 1; done
	$(BIN)/python -m pytest -q tests/test_docs.py

clean:
	rm -rf build dist demo .pytest_cache .mypy_cache .ruff_cache src/*.egg-info
	find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
