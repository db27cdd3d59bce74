PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than the smallest machine has cores: tests often wait, and two left it idle for a quarter
# of the time. With more, the tests of timing compete.
WORKERS ?= 3

PIP := $(BIN)/python -m pip --disable-pip-version-check
# A lock is whole, so nothing is left to resolve: asked to, pip looks at newer releases for a package
# that is wanted with extras, and refuses them for having no hash.
PINNED := install --quiet --no-deps --require-hashes -r
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
# A second client for the emulator's tests; where it cannot be had, they skip it and say so.
OTHER := .venv-aiogram/.installed
OTHER_LOCK := tests/emulator/aiogram/requirements.lock
# Other people's statistics (600 MB), to compare ours with; skipped in the same way.
STATISTICS := .venv-statistics/.installed
STATISTICS_LOCK := tests/independent/requirements.lock

.DEFAULT_GOAL := help
.PHONY: help env others demo test core rest coverage golden torture bench bench-full pictures check format texts locks clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

env: $(DEV) ## Make .venv with everything that development needs

others: $(OTHER) $(STATISTICS) ## Make the environments of what some tests compare with

demo: $(if $(wildcard $(DEV)),$(DEV),$(RUNTIME)) ## Show the whole loop on one local page, without Telegram
	$(BIN)/rapport demo

# The core's tests run once, measured.
test: ## Run all tests, the layers and the wheel included
	@$(MAKE) --no-print-directory core
	@$(MAKE) --no-print-directory rest

rest: $(DEV) $(OTHER) $(STATISTICS) ## Run all tests but the core's
	$(BIN)/python -m pytest -n $(WORKERS) $(CORE_TESTS:%=--ignore=%)

core: $(DEV) ## Try every branch of bot/core, by its own tests alone
	$(BIN)/python -m pytest -n $(WORKERS) $(CORE_TESTS) --cov=bot.core --cov-fail-under=100 $(MEASURED)

# What goes over the same lines thousands of times, in processes that are killed, shows no new ones;
# nor does a story that is told again with restarts, in twice the time.
coverage: $(DEV) $(OTHER) ## Show the lines and branches that no single test comes to
	$(BIN)/python -m pytest -n $(WORKERS) $(DOSES:%=--ignore=tests/%) -m "$(SINGLE)" --cov --cov-fail-under=95 $(MEASURED)

DOSES := crash properties year independent bench
SINGLE := not restarting and not no_cover

CORE_TESTS := tests/core tests/pictures/test_geometry.py
# A timeout that strikes inside the tracer leaves its lock held, and all later tests hang: it ends
# the worker instead, and another goes on.
MEASURED := --cov-report=term-missing -o timeout_method=thread
coverage core: export COVERAGE_FILE := $(CURDIR)/.coverage
# The tests start a hundred programs: what each would compile anew, it reads (empty says: keep it).
test core rest coverage torture: export PYTHONDONTWRITEBYTECODE :=

golden: $(DEV) ## Renew what eleven invented weeks read like (tests/golden) and show what has changed
	@$(BIN)/python -m tests.golden --renew

torture: $(DEV) ## Kill, break and starve the bot for MINUTES=10 (PARTS=kills,disk for some)
	$(BIN)/python -m tests.torture --minutes $(MINUTES) --workers $(WORKERS) $(if $(PARTS),--parts $(PARTS))

MINUTES ?= 10

bench: $(DEV) ## Measure speed, memory and what grows with the data (ten minutes; PARTS="start taps" for some)
	$(BIN)/python -m tests.bench $(PARTS)

bench-full: $(DEV) ## Measure what grows at ten million answers too (three to ten minutes more, and 8 GB of disk)
	$(BIN)/python -m tests.bench growth-full

pictures: $(DEV) ## Draw the pictures of the README and the guides (needs Chromium)
	$(BIN)/python -m tests.face.pictures

check: $(DEV) ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## Put the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

texts: $(DEV) ## Collect the texts people see, update and compile the languages
	$(BIN)/pybabel -q extract --no-wrap --sort-by-file --add-location=file --omit-header -F babel.cfg -o $(LOCALE)/rapport.pot .
	for language in de de_du; do \
		po=$(LOCALE)/$$language/LC_MESSAGES/rapport.po; \
		$(BIN)/pybabel -q update $(UPDATE) -l $$language -i $(LOCALE)/rapport.pot -o $$po && \
		$(BIN)/pybabel -q compile -l $$language -i $$po -o $${po%.po}.mo || exit 1; \
	done

LOCALE := templates/locale
# No dates, no line numbers, no guesses: a catalogue changes when its texts do.
UPDATE := --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

locks: ## Pin what pyproject.toml asks for; UPGRADE=--upgrade takes the newest it allows
	$(PYTHON) -m venv .venv-locks
	.venv-locks/bin/python -m pip install --quiet --upgrade pip pip-tools
	.venv-locks/bin/pip-compile $(LOCK) --build-deps-for editable -o requirements.lock pyproject.toml
	.venv-locks/bin/pip-compile $(LOCK) --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	.venv-locks/bin/pip-compile $(LOCK) -o $(OTHER_LOCK) $(OTHER_LOCK:.lock=.in)
	.venv-locks/bin/pip-compile $(LOCK) -o $(STATISTICS_LOCK) $(STATISTICS_LOCK:.lock=.in)

LOCK := --quiet $(UPGRADE) --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

clean: ## Remove what the tools made, and the environments
	rm -rf $(VENV) .coverage .venv-aiogram .venv-statistics .venv-locks build dist .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find bot handlers tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Rapport needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python cannot make environments here. On Debian and Ubuntu:' >&2; \
		  $(PYTHON) -c 'import sys; print("  apt install python3.%d-venv" % sys.version_info[1], file=sys.stderr)'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) $(PINNED) requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) $(PINNED) requirements-dev.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

$(OTHER): $(OTHER_LOCK) | $(BIN)/python
	$(BIN)/python -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check $(PINNED) $< \
		&& touch $@ || echo 'aiogram could not be installed: its test will be skipped' >&2

$(STATISTICS): $(STATISTICS_LOCK) | $(BIN)/python
	$(BIN)/python -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check $(PINNED) $< \
		&& touch $@ || echo 'the other statistics could not be installed: their tests will be skipped' >&2
