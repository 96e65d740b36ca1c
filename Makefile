# Everything runs in .venv, made here with `python3 -m venv` and pip alone.
# Stamp files inside it say which extras are installed; each is written last, so that an interrupted
# installation is repeated and an environment left half-made is thrown away and made again.
#
# What is installed is the lock: the releases and hashes of requirements/*.txt, which `make lock` writes.
#   make LATEST=1 ...   takes the newest releases instead, in an environment made anew (and so does the way back)
#   make TORCH=any ...  takes PyTorch, in the locked release, as pip finds it: a build for the CPU alone, where pip knows one

# Modules are compiled when they are first imported: to compile all of them took half of the time of an installation.

PYTHON ?= python3
VENV   := .venv
LOCK   := $(if $(LATEST),,$(wildcard requirements))
MADE   := $(VENV)/.made-$(if $(LOCK),locked,latest)
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --quiet --disable-pip-version-check --no-compile
BUILD  := build

# An environment whose Python has gone (a system upgrade) is made again too.
ifneq ($(shell test -e $(MADE) && ! $(PY) -c '' 2>/dev/null && echo broken),)
$(shell rm -f $(MADE))
endif

# Nor is a stamp believed when a package that it stands for has gone (`pip uninstall`, a folder deleted).
STAMPS := $(patsubst $(VENV)/.extra-%,%,$(wildcard $(VENV)/.extra-*))
ifneq ($(STAMPS),)
GONE := $(shell $(PY) requirements/gone.py $(STAMPS) 2>/dev/null)
ifneq ($(GONE),)
$(info $(VENV): packages have gone; installed again: $(GONE))
$(shell rm -f $(addprefix $(VENV)/.extra-,$(GONE)))
PIP += --force-reinstall
endif
endif

# Hundreds of short Python processes are started: they read compiled modules, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

# As many processes as cores is enough: more BLAS threads only wait for each other.
oracle test processors lowest docs peers alarms: export OMP_NUM_THREADS := 1
oracle test processors lowest docs peers alarms: export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help oracle test processors lowest docs bench peers peers-elsewhere claims alarms test-dpnp only-dpnp test-gpu lint format wheel lock clean
.DELETE_ON_ERROR:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

oracle: $(VENV)/.extra-oracle ## the main job: check every reference, mutant and claim (quick tier), judge a public implementation, write build/report/index.html
	$(PY) -m refimpl oracle --out $(BUILD)/report

test: $(VENV)/.extra-test ## the whole test suite
	$(PY) -m pytest -n 2 --dist loadgroup

processors: $(VENV)/.extra-test ## what can differ on two other processors, emulated; ALL=1 the whole suite on four
	$(PY) -m tests.processors $(if $(ALL),--all old avx2 zen mixed)

lowest: $(VENV)/.extra-test ## the same with the lowest releases of NumPy and SciPy that are promised
	$(PYTHON) -m venv --clear $(BUILD)/lowest
	$(BUILD)/lowest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]' $$($(PY) requirements/lowest.py)
	$(BUILD)/lowest/bin/python -m tests.processors

docs: $(VENV)/.extra-docs $(VENV)/.extra-test ## the site, into build/docs; fails on any warning; looked at in a browser
	$(PY) -m sphinx -W --keep-going -q -j 2 -b html docs $(BUILD)/docs
	REFIMPL_SITE=$(BUILD)/docs $(PY) -m pytest -q -n 2 --dist loadgroup tests/docs
	@echo "open $(BUILD)/docs/index.html"

bench: $(VENV)/.extra-peers $(VENV)/.old-peers ## timings beside peers and the hardware limit, into build/benchmarks
	$(PY) -m benchmarks

peers: $(VENV)/.extra-peers $(VENV)/.extra-test $(VENV)/.old-peers ## judge the public implementations whose verdict may have changed, ALL=1 every one; tests against PyTorch
	$(PY) -m tests.peers --out docs/conformance --check $(if $(ALL),--all)
	$(if $(ALL),REFIMPL_SEEDS=3) $(PY) -m pytest -n 2 --dist loadgroup -m "torch or jax or peers"
	$(MAKE) test-dpnp

peers-elsewhere: .peers/.node .peers/.built peers ## the same with packages in JavaScript, R and C++ (CONTRIBUTING.md says what they need)

# Locked; without the scripts that packages would run.
.peers/.node: requirements/node/package.json requirements/node/package-lock.json
	mkdir -p .peers/node
	cp $^ .peers/node
	npm ci --prefix .peers/node --ignore-scripts --no-audit --no-fund
	@touch $@

# Packages of Python that come as sources in C++.
BUILT := $(wildcard requirements/built/*.txt)
.peers/.built: $(BUILT) $(VENV)/.extra-peers
	mkdir -p .peers
	for file in $(BUILT); do \
	  $(PIP) --require-hashes --no-deps --upgrade --target .peers/$$(basename $$file .txt) -r $$file || exit 1; \
	done
	@touch $@

claims: $(VENV)/.extra-oracle ## every claim of every paper, full tier
	$(PY) -m refimpl claims --tier full --out $(BUILD)/claims

alarms: $(VENV)/.extra-peers $(VENV)/.extra-test ## every reference against 200 random cases, and all that make test samples
	REFIMPL_SEEDS=200 $(PY) -m pytest -n 2 --dist loadgroup -m "not peers"

# Apart from what is judged: dpnp brings libraries of Intel's that others bring too, in other builds.
test-dpnp: ## the same tests on dpnp, on the CPU or an Intel GPU, in an environment of its own; ALL=1 every case
	$(MAKE) VENV=$(BUILD)/dpnp only-dpnp

only-dpnp: $(VENV)/.extra-dpnp $(VENV)/.extra-test
	$(if $(ALL),REFIMPL_SEEDS=3) $(PY) -m pytest -q -m dpnp -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true

test-gpu: $(VENV)/.extra-gpu $(VENV)/.extra-test ## the same tests on CuPy, where a GPU is found
	$(PY) -m pytest -m gpu

lint: $(VENV)/.extra-test ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/.extra-test ## rewrite the sources in the house style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

wheel: $(VENV)/.extra-test ## build wheel and sdist into build/dist; the wheel, with what it asks for and nothing else, judges
	rm -rf $(BUILD)/dist
	$(PY) -m hatchling build --directory $(BUILD)/dist
	REFIMPL_DIST=$(BUILD)/dist $(PY) -m pytest -q tests/oracle/test_package.py
	@ls $(BUILD)/dist/*

lock: $(VENV)/.extra-lock ## write requirements/*.txt: what pyproject.toml asks for anew; RENEW=1 for all newest
	$(PY) requirements/lock.py $(RENEW)

clean: ## remove everything that make made
	rm -rf $(VENV) $(BUILD) .peers .pytest_cache .mypy_cache .ruff_cache

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "refimpl needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo not there). Try: make PYTHON=python3.12 ..."; exit 1; }
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@touch $@

ifneq ($(LOCK),)
$(VENV)/.extra-%: pyproject.toml requirements/%.txt requirements/base.txt requirements/build.txt $(MADE)
	$(PIP) --require-hashes -r requirements/build.txt -r requirements/$*.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.extra-peers: $(VENV)/.torch
$(VENV)/.torch: requirements/torch.txt $(MADE)
	$(PIP) $(if $(TORCH),$$(grep -o '^torch[a-z]*==[^ ]*' $<),--require-hashes --no-deps -r $<)
	@touch $@
endif

# Where there is no lock.
$(VENV)/.extra-%: pyproject.toml $(MADE)
	$(PIP) --editable '.[$*]'
	@touch $@

# Each in a folder of its own, always in the release named, four at a time: releases known to have been wrong, beside the
# newest; packages that bring others along or ask for what is not needed to judge them; neural-tangents with the last JAX
# that it imports with, which no Python after 3.13 has; the last transformers with group beam search.
OLD := $(wildcard requirements/old/*.txt)
$(VENV)/.old-peers: $(OLD) $(VENV)/.extra-peers
	mkdir -p .peers
	printf '%s\n' $(OLD) | xargs -P 4 -I FILE sh -c \
	  '$(PIP) --require-hashes --no-deps --upgrade --target .peers/$$(basename FILE .txt) -r FILE'
	@touch $@
