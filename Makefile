# plumbline's doors: `make quickstart` for a first result, `make test` for the proof.
#   VENV=DIR         another virtual environment than .venv
#   TORCH_INDEX=URL  a further package index to take torch from (a CPU build, say)
#   PYTHON=python3.x another interpreter for the environment
#   JOBS=N           processes the tests run in, of one thread each (two threads a process, beside
#                    another process, are ten times slower on two cores)

PYTHON ?= python3
JOBS ?= 2
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: quickstart install test static check bench lock docs microcosm-base microcosm-report goldens

quickstart: $(VENV)/.installed
	$(BIN)/plumbline quickstart

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.lock
	$(PIP) -e . --no-deps
	touch $@

$(VENV)/.tested: $(VENV)/.installed requirements-test.lock
	$(PIP) -r requirements-test.lock
	touch $@

test: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

static: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: static
	$(BIN)/python -m pytest tests/test_floors.py tests/test_docs.py

docs: $(VENV)/.installed
	$(BIN)/python tools/reference.py

lock:
	$(PYTHON) tools/lock.py

# Trains the embedded model anew (hours on two cores); the result is committed.
microcosm-base: $(VENV)/.installed
	$(BIN)/plumbline run recipes/microcosm_base.py

# What a base model can do, against the marks: make microcosm-report [MODEL=DIR] [ARGS="--out DIR"]
microcosm-report: $(VENV)/.installed
	$(BIN)/python tools/microcosm_report.py $(MODEL) $(ARGS)

# Both make .venv-peers with the trainers we compare with; see bench/.
bench: $(VENV)/.installed
	$(BIN)/python bench/run.py

goldens: $(VENV)/.installed
	$(BIN)/python bench/run.py --goldens
