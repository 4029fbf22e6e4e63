# Needs Python 3.11 or newer and make; everything else is installed into .venv from the lock files.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; print("$(name)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/runtime.stamp
DEVELOPMENT := $(VENV)/development.stamp
PYTEST := $(BIN)/python -m pytest -n 2

# A .venv whose Python is gone is made anew.
$(shell test -x $(BIN)/python || rm -f $(RUNTIME) $(DEVELOPMENT))

.DEFAULT_GOAL := run
.PHONY: run setup test lint bench lock

run: $(RUNTIME)
	@exec $(BIN)/dunlin up

setup: $(RUNTIME)

# Unit and contract tests first: what they find is found within a minute.
test: $(DEVELOPMENT)
	$(PYTEST) tests/unit tests/contracts
	$(PYTEST) tests --ignore tests/unit --ignore tests/contracts

lint: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(DEVELOPMENT)
	@mkdir -p build
	$(BIN)/python -m pytest -m benchmark -s tests/benchmarks

# The locks name no package index, so that each machine uses its own.
lock: $(DEVELOPMENT)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

$(RUNTIME): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Dunlin needs Python 3.11 or newer: install it, or say where it is with make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing the pinned dependencies into $(VENV) (once)"
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@PYTHONWARNINGS=ignore $(PIP) install --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	@echo "Installing the pinned development tools into $(VENV) (once)"
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@
