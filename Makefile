# Every command of the project. `setup` only prepares .venv; the others call it.
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
BENCH_VENV := .venv-bench
BENCH_PY := $(BENCH_VENV)/bin/python
BENCH_STAMP := $(BENCH_VENV)/.ready
PIP := $(PY) -m pip --quiet --disable-pip-version-check install
PYTHONS := python3.12 python3.11 python3.13 python3 python
PROBE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(firstword $(foreach p,$(PYTHONS),$(shell $(p) -c '$(PROBE)' 2>/dev/null && command -v $(p))))
define NO_PYTHON
kliping needs Python 3.11, 3.12 or 3.13 with its venv and ensurepip modules, and found none of: $(PYTHONS)
Debian and Ubuntu: apt-get install python3 python3-venv. Elsewhere: make setup PYTHON=/path/to/python3.12
endef
export NO_PYTHON

.PHONY: setup run test check chaos demo bench bench-extraction bench-feeds bench-scheduling bench-polling bench-dispatch lock clean

setup: $(STAMP)

# A .venv knows its own path and its Python: moved, or with that Python gone, it is of no use.
ifneq ($(shell test -x $(PY) && cat $(STAMP) 2>/dev/null),$(CURDIR))
$(shell rm -f $(STAMP))
endif

# The stamp goes first and comes back last. A .venv without it is half made, so it is made again; one with it is brought
# up to date in place, which asks no registry for what is there already.
$(STAMP): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "$$NO_PYTHON" >&2; exit 1; }
	@test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $@
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@pwd -P > $@

# An environment of its own, since a peer holds libraries of ours back. The lock is whole: nothing is to be resolved.
$(BENCH_STAMP): requirements-bench.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "$$NO_PYTHON" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(BENCH_VENV)
	$(BENCH_PY) -m pip --quiet --disable-pip-version-check install --no-deps --require-hashes -r requirements-bench.lock
	$(BENCH_PY) -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --editable .
	@touch $@

run: setup
	@exec $(VENV)/bin/kliping run

# A file's tests stay together: its worker keeps their Postgres, and the slow ones about processes run beside the rest.
test: setup
	$(PY) -m pytest -n logical --maxprocesses 4 --dist loadfile

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) -m pytest tests/test_layers.py

# Every fault at full size, at most 45 minutes; `make chaos ID=R01 SEED=7` runs one of them.
chaos: setup
	$(PY) -m tests.faults $(ID) $(if $(SEED),--seed $(SEED))

demo: setup
	@exec $(PY) demo.py

bench: $(BENCH_STAMP)
	$(BENCH_PY) -m bench.ingest

bench-extraction: $(BENCH_STAMP)
	$(BENCH_PY) -m bench.extraction

bench-feeds: $(BENCH_STAMP)
	$(BENCH_PY) -m bench.feeds

bench-scheduling: $(BENCH_STAMP)
	$(BENCH_PY) -m bench.scheduling

bench-polling: $(BENCH_STAMP)
	$(BENCH_PY) -m bench.polling

bench-dispatch: $(BENCH_STAMP)
	$(BENCH_PY) -m bench.dispatch

# Needs uv on PATH. Hashes only, no addresses. The build lock is what the Dockerfile makes the wheel with.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock:
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --extra dev --extra bench pyproject.toml -o requirements-bench.lock
	echo hatchling | $(COMPILE) -c requirements-dev.lock - -o requirements-build.lock

clean:
	rm -rf $(VENV) $(BENCH_VENV) build dist .mypy_cache .ruff_cache .pytest_cache
