# Everything runs in .venv, made here with `python3 -m venv` and pip alone.
# Stamp files inside it say which extras are installed; each is written last, so that an interrupted
# installation is repeated and an environment left half-made is thrown away and made again.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --quiet --disable-pip-version-check
BUILD  := build

# An environment whose Python has gone (a system upgrade) is made again too.
ifneq ($(shell test -e $(VENV)/.made && ! $(PY) -c '' 2>/dev/null && echo broken),)
$(shell rm -f $(VENV)/.made)
endif

# Hundreds of short Python processes are started: they read compiled modules, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

# As many processes as cores is enough: more BLAS threads only wait for each other.
oracle test docs peers alarms: export OMP_NUM_THREADS := 1
oracle test docs peers alarms: export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help oracle test docs bench peers claims alarms test-gpu lint format clean
.DELETE_ON_ERROR:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

oracle: $(VENV)/.extra-oracle ## the main job: check every reference, mutant and claim (quick tier), judge a public implementation, write build/report/index.html
	$(PY) -m refimpl oracle --out $(BUILD)/report

test: $(VENV)/.extra-test ## the whole test suite
	$(PY) -m pytest -n 2 --dist loadgroup

docs: $(VENV)/.extra-docs $(VENV)/.extra-test ## the site, into build/docs; fails on any warning; looked at in a browser
	$(PY) -m sphinx -W --keep-going -q -b html docs $(BUILD)/docs
	REFIMPL_SITE=$(BUILD)/docs $(PY) -m pytest -q tests/docs
	@echo "open $(BUILD)/docs/index.html"

bench: $(VENV)/.extra-peers ## timings beside peers and the hardware limit, into build/benchmarks
	$(PY) -m benchmarks

peers: $(VENV)/.extra-peers $(VENV)/.extra-test $(VENV)/.old-peers ## judge the public implementations; tests against PyTorch
	$(PY) -m tests.peers --out docs/conformance --check
	$(PY) -m pytest -n 2 -m "torch or jax or peers"

claims: $(VENV)/.extra-oracle ## every claim of every paper, full tier
	$(PY) -m refimpl claims --tier full --out $(BUILD)/claims

alarms: $(VENV)/.extra-peers $(VENV)/.extra-test ## every reference against 200 random cases, and all that make test samples
	REFIMPL_SEEDS=200 $(PY) -m pytest -n 2 --dist loadgroup -m "not peers"

test-gpu: $(VENV)/.extra-gpu $(VENV)/.extra-test ## the same tests on CuPy, where a GPU is found
	$(PY) -m pytest -m gpu

lint: $(VENV)/.extra-test ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/.extra-test ## rewrite the sources in the house style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean: ## remove everything that make made
	rm -rf $(VENV) $(BUILD) .peers .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "refimpl needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo not there). Try: make PYTHON=python3.12 ..."; exit 1; }
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.extra-%: pyproject.toml $(VENV)/.made
	$(PIP) --editable '.[$*]'
	@touch $@

# Each in a folder of its own: releases known to have been wrong, beside the newest; LibAUC without the twelve packages
# that it asks for and its losses do not need.
$(VENV)/.old-peers: Makefile $(VENV)/.extra-peers
	for release in pytorch_optimizer-2.7.0 pytorch_optimizer-3.11.0 bitsandbytes-0.49.2 libauc-2.0.1; do \
	  $(PIP) --no-deps --upgrade --target .peers/$$release $${release%-*}==$${release##*-} || exit 1; done
	@touch $@
