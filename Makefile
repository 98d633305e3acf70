# What people type. `make help` lists it; everything is installed into .venv, and nowhere else.

# Names of Python to try, in this order; give one to choose it: make up PYTHON=python3.13
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11 python
# Processes that run tests at once; many of them wait for others that they started.
WORKERS ?= 3
# Passed on: make up ARGS="--port 9000", make test ARGS="tests/db -k token"
ARGS ?=

BIN := .venv/bin
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Compiled once at installation, notebooks start twice as fast.
export UV_COMPILE_BYTECODE := 1
# The machine's own Python, never a downloaded one.
export UV_PYTHON_DOWNLOADS := never

# uv from the PATH if it runs (a shim may not), else the private one.
FIND_UV := uv=uv; uv --version >/dev/null 2>&1 || uv=.venv/uv/bin/uv

.PHONY: help install up test prove measure check format lint types contracts locked fix lock package clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

up: install ## Start Workbench with the demo on one port; Ctrl-C stops it
	@exec $(BIN)/workbench up $(ARGS)

test: install ## Run every test; with COVERAGE=1, branch coverage below 90 % fails
	@$(PYTEST) $(if $(strip $(ARGS)),$(ARGS),$(if $(COVERAGE),--cov))

prove: install ## Run the tests at full counts
	@WORKBENCH_PROVE=1 $(PYTEST) $(ARGS)

measure: install ## Measure what boundary, log-ins, imports, questions, pages, runs, their queue and events cost, as ratios with budgets
	@$(foreach what,login boundary check parts imports aggregates page rows runs queue events,$(BIN)/python -m tests.benchmarks.$(what) || failed=1;) exit $${failed:-0}

check: format lint types contracts locked ## Check format, lint, types, import contracts and the lock

format: install
	$(BIN)/ruff format --check .

lint: install
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

contracts: install
	$(BIN)/lint-imports --no-logo

locked: install
	$(BIN)/python .ci/lock.py
	@$(FIND_UV); "$$uv" pip check --quiet --python $(BIN)/python

fix: install ## Format, and repair what the linter can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: $(BIN)/python ## Write requirements.lock anew from pyproject.toml; ARGS=--upgrade raises versions
	@$(FIND_UV); "$$uv" pip compile --quiet --universal --python-version 3.11 --group dev \
		--generate-hashes --no-header --output-file requirements.lock $(ARGS) pyproject.toml

package: $(BIN)/python ## Build wheel and sdist into dist/, then try the wheel in an environment of its own
	@rm -rf dist .venv/package
	@$(FIND_UV); set -e; \
	"$$uv" build --quiet --python $(BIN)/python; \
	"$$uv" venv --quiet --python $(BIN)/python .venv/package; \
	"$$uv" pip install --quiet --python .venv/package/bin/python \
		--constraint requirements.lock dist/*.whl; \
	cd .venv/package; bin/python -P ../../.ci/wheel.py; bin/workbench --help >/dev/null
	@ls -l dist

# Once for each lock, project and place; a checkout that was moved or copied gets its commands anew.
install: $(BIN)/python
	@now=$$(echo "$$(pwd):"; cksum requirements.lock pyproject.toml); \
	last=$$(cat .venv/.installed 2>/dev/null); \
	[ "$$now" != "$$last" ] || exit 0; \
	case "$$last" in "$$(pwd):"*|"") again= ;; *) again=--reinstall ;; esac; \
	$(FIND_UV); \
	echo "Installing what requirements.lock names into .venv …"; \
	"$$uv" pip sync --quiet $$again --require-hashes --python $(BIN)/python requirements.lock && \
	"$$uv" pip install --quiet --no-deps --python $(BIN)/python --editable . && \
	echo "$$now" >.venv/.installed

clean: ## Remove what was installed and built; data in .workbench stay
	rm -rf .venv dist .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis

# First a Python for which every locked package has a wheel, then any that is new enough.
$(BIN)/python:
	@for newest in 14 99; do for name in $(PYTHON); do \
		python=$$("$$name" -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, '$$newest') \
			and print(sys.executable)' 2>/dev/null); \
		[ -z "$$python" ] || break 2; \
	done; done; \
	if [ -z "$$python" ]; then \
		echo "Workbench needs Python 3.11 or newer, and none of these is: $(PYTHON)." >&2; \
		echo "Install one, or name yours: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	$(FIND_UV); \
	if "$$uv" --version >/dev/null 2>&1; then :; \
	elif "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "Installing uv into .venv/uv …"; \
		"$$python" -m venv .venv/uv && .venv/uv/bin/python -m pip install --quiet uv || exit 1; \
	elif "$$python" -m pip --version >/dev/null 2>&1; then \
		echo "Installing uv into .venv/uv …"; \
		"$$python" -m pip install --quiet --target .venv/uv uv || exit 1; \
	else \
		echo "$$python has neither venv nor pip, so nothing can be installed with it." >&2; \
		echo "Install one of them (Debian, Ubuntu: apt-get install python3-venv), or uv." >&2; \
		exit 1; \
	fi; \
	rm -f .venv/.installed; \
	"$$uv" venv --quiet --allow-existing --python "$$python" .venv
