# Broker. `make help` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/flask --app app
SETTINGS := BROKER_TIMEZONE=$${BROKER_TIMEZONE:-Europe/Berlin} \
	BROKER_GRID_CO2_G_PER_KWH=$${BROKER_GRID_CO2_G_PER_KWH-363}

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev test lint bench bench-live score train lock

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: setup ## set up, build the demo community if it is missing, start Broker
	@$(SETTINGS) exec $(FLASK) serve --demo

setup: $(VENV)/.installed static/vendor/.installed ## install what Broker needs into .venv

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Broker needs Python 3.11 or newer: make PYTHON=python3.12 …'; exit 1; }
	@echo 'Installing packages into $(VENV) (once; about half a minute) …'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# The curves that answer to fingers. Pages are complete without, so a machine that can't have them
# goes on. npm is the machine's own or, where it has none, one of a package in .venv.
NPM_CI = PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
VENDORED := node_modules/uplot/dist/uPlot.iife.min.js node_modules/uplot/dist/uPlot.min.css \
	node_modules/uplot/LICENSE

static/vendor/.installed: package-lock.json $(VENV)/.installed
	@command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-node.txt || true
	@if $(NPM_CI) --omit=dev && mkdir -p static/vendor && cp $(VENDORED) static/vendor/; then touch $@; \
		else echo 'No npm here: charts are drawings that do not answer to touch.'; fi

node_modules/.installed-dev: package-lock.json static/vendor/.installed
	@if $(NPM_CI); then touch $@; else echo 'No npm here: tests that need axe are skipped.'; fi

setup-dev: $(VENV)/.installed-dev node_modules/.installed-dev # and what its tests need

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo 'Installing packages for tests into $(VENV) …'
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

test: setup-dev ## run the tests (BROKER_TEST_DATABASE_URL=postgresql://… runs them there)
	@$(BIN)/pytest $(PYTEST_ARGS)

lint: setup-dev ## style, types and the dependency rule
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: setup-dev ## measure (BROKER_BENCH_DATABASE_URL=postgresql://… measures there as well)
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-live: setup-dev ## measure the live view with thousands of clients (an hour)
	@$(BIN)/python -m benchmarks.live $(BENCH_ARGS)

screenshots: setup-dev ## take the pictures of docs/screenshots anew (needs Chromium)
	@$(BIN)/python -m benchmarks.screenshots

score: $(VENV)-score/.installed ## how well appliances are told apart, from the shipped weights
	@OPENBLAS_NUM_THREADS=1 nice -n 19 $(VENV)-score/bin/python -m training.score

$(VENV)-score/.installed: training/requirements-score.txt
	@test -x $(VENV)-score/bin/python || $(PYTHON) -m venv $(VENV)-score
	@$(VENV)-score/bin/pip install --quiet --disable-pip-version-check -r training/requirements-score.txt
	@touch $@

train: $(VENV)-training/.installed ## train the networks anew (less than an hour); go on if interrupted
	@OMP_NUM_THREADS=1 nice -n 19 $(VENV)-training/bin/python -m training.train \
		--checkpoints $(VENV)-training/checkpoints $(TRAIN_ARGS)

$(VENV)-training/.installed: training/requirements.txt training/requirements-score.txt
	@test -x $(VENV)-training/bin/python || $(PYTHON) -m venv $(VENV)-training
	@$(VENV)-training/bin/pip install --quiet --disable-pip-version-check -r training/requirements.txt
	@touch $@

lock: setup-dev ## pin the newest versions of all packages with their hashes
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-header -o requirements.txt requirements.in
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-header -o requirements-dev.txt requirements-dev.in
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-header -o requirements-node.txt requirements-node.in
	@npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --silent
