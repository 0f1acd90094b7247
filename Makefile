# `make demo` and `make test` need Python 3.11 or newer and make; everything else they bring into .venv themselves.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_SECONDS ?= 60

.PHONY: help setup demo test test-ui test-lab ui lint types layers words dependencies ci bench-peers bench-engine bench-workers bench-floors bench-digits bench-portfolio bench-search bench-studio bench-gate bench-conformal bench-trust bench-serving bench-hpo bench-readme bench-nas201 bench-weight-sharing bench-segmentation bench-images bench-curves bench-growth bench-training-free bench-stacking bench-scale bench-budget bench-candidates test-combinations nightly audit clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with every dependency, at the versions of constraints.txt

$(READY): pyproject.toml constraints.txt .ci/python
	@test -x $(BIN)/python || "$$(sh .ci/python)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip==26.3
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --build-constraint constraints.txt --editable '.[all,dev]'
	@# pip would do it on one core. What some packages keep for other Pythons does not compile.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
	@touch $(READY)

demo: $(READY) ## Fit a real table for a minute, predict rows held out, show the leaderboard
	$(BIN)/python examples/make_flights.py build/demo
	rm -rf build/demo/run
	$(BIN)/hortus fit build/demo/train.csv --target late --time $(DEMO_SECONDS) --out build/demo/run
	$(BIN)/hortus leaderboard build/demo/run
	$(BIN)/hortus predict build/demo/run build/demo/new.csv --out build/demo/predictions.csv --proba --id flight_id
	$(BIN)/python examples/score_flights.py build/demo

test: $(READY) ## Run every test: two at a time, then those that need the machine alone
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 15 -m 'not alone'
	$(BIN)/python -m pytest --durations 15 -m alone

test-ui: $(READY) ## Drive the studio in a browser (Chromium is needed)
	$(BIN)/python -m pytest tests/studio -m ui

test-lab: build/lab/.ready ## Open notebooks in a real JupyterLab
	build/lab/bin/python -m pytest tests/studio/test_studio_lab.py

# Environments that see the other one: what is only in them would change what its tests see, or is not for every system.
BESIDE_lab := jupyterlab
BESIDE_fuzz := atheris==3.0.0
build/lab/.ready build/fuzz/.ready: build/%/.ready: $(READY)
	$(BIN)/python -m venv --clear --without-pip build/$*
	echo "import site; site.addsitedir('$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])')')" >"$$(echo build/$*/lib/python*/site-packages)/environment.pth"
	$(BIN)/python -m pip --python build/$*/bin/python install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt '$(BESIDE_$*)'
	@touch $@

ui: $(READY) ## Build the studio's pages into the package (node is needed)
	$(BIN)/python -m hortus.studio.contract studio-ui/openapi.json
	cd studio-ui && { test -d node_modules || npm ci --no-audit --no-fund; }
	cd studio-ui && npm run --silent types && npm run --silent build

test-combinations: $(READY) ## Search with every combination that `hortus search --list` shows, not with a cover of them
	HORTUS_COMBINATIONS=all $(BIN)/python -m pytest tests/run/test_combinations.py

lint: $(READY) ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## Type hints, strictly
	$(BIN)/mypy

layers: $(READY) ## Imports run down the layers
	$(BIN)/lint-imports

words: $(READY) ## Spelling
	$(BIN)/codespell src docs examples README.md CHANGELOG.md Makefile pyproject.toml $(wildcard benchmarks)

dependencies: $(READY) ## What is imported is declared, and the other way round
	$(BIN)/deptry src

ci: ## All of it, from a clean clone, as continuous integration does
	bash .ci/run

bench-peers: $(READY) ## Compare with other AutoML systems on the same splits, cores and seconds
	$(BIN)/python -m benchmarks.peers

bench-engine: $(READY) ## Measure the engine's own overhead
	$(BIN)/python -m benchmarks.engine

bench-workers: $(READY) ## Measure what workers cost to start
	$(BIN)/python -m benchmarks.workers

bench-floors: $(READY) ## Hold every open table against scikit-learn's gradient boosting at its defaults
	$(BIN)/python -m benchmarks.floors

bench-search: $(READY) ## Hold runs of a minute against their starting points alone
	$(BIN)/python -m benchmarks.search_pays

bench-portfolio: $(READY) ## Learn which starting points pay first, each open table left out in turn
	$(BIN)/python -m benchmarks.portfolio

bench-digits: $(READY) ## Evolve 300 pipelines on digits, split by split
	$(BIN)/python -m benchmarks.digits

bench-trust: $(READY) ## Hold scores, intervals and levels against rows held out, on all open tables and five splits
	$(BIN)/python -m benchmarks.trust

bench-serving: $(READY) ## Ask a server of the demo's model for one row after another
	$(BIN)/python -m benchmarks.serving

bench-conformal: $(READY) ## Hold intervals and sets against rows held out, on all open tables
	$(BIN)/python -m benchmarks.conformal

bench-studio: $(READY) ## Measure how long a person waits for the studio
	$(BIN)/python -m benchmarks.studio

bench-gate: $(READY) ## Measure what the data gate costs on 100,000 rows and 20 columns
	$(BIN)/python -m benchmarks.gate

bench-nas201: $(READY) ## Hold the strategies against each other on NAS-Bench-201
	$(BIN)/python -m benchmarks.nas201 --write
	$(BIN)/python -m benchmarks.nas201_fidelity --write

bench-segmentation: $(READY) ## Hold a searched network of street scenes against fixed ones, at the same seconds
	$(BIN)/python -m benchmarks.segmentation

bench-images: $(READY) ## Hold ten minutes on small images against a fixed network, random search, AutoKeras and Keras Tuner
	$(BIN)/python -m benchmarks.images

bench-candidates: $(READY) ## Candidates a minute at a low fidelity, against a loop with a DataLoader for each
	$(BIN)/python -m benchmarks.candidates

bench-weight-sharing: $(READY) ## Score candidates by a supernet's weights and train them, and count what a supernet holds
	$(BIN)/python -m benchmarks.weight_sharing

bench-curves: $(READY) ## Hold predictors of learning curves and stoppers against each other
	$(BIN)/python -m benchmarks.own_curves
	$(BIN)/python -m benchmarks.curves --write

nightly: $(READY) build/fuzz/.ready ## Try everything that can go wrong, all of it, and write docs/reliability.md
	$(BIN)/python -m benchmarks.reliability

bench-scale: $(READY) ## Measure trials a second here and on a cluster, and what 1,000 nodes would come to
	$(BIN)/python -m benchmarks.scale

bench-budget: $(READY) ## Hold runs against their budgets of time and memory
	$(BIN)/python -m benchmarks.budget

audit: $(READY) ## Bill of materials, licences and known vulnerabilities of every dependency, into build/audit
	$(BIN)/python -m benchmarks.audit

bench-hpo: $(READY) ## Hold samplers against each other on complete tables of hyperparameters
	$(BIN)/python -m benchmarks.hpo --samplers 'random,optuna TPE,optuna GP,tpe,predictor,evolution,local,frugal' --write

bench-growth: $(READY) ## Grow networks three ways at the same training cost
	$(BIN)/python -m benchmarks.growth --write

bench-training-free: $(READY) ## Hold scores without training against training
	$(BIN)/python -m benchmarks.training_free --write

bench-stacking: $(READY) ## Train cells as they were found and larger, at the same cost
	$(BIN)/python -m benchmarks.stacking --write

bench-readme: $(READY) ## Write README's figures from benchmarks/results
	$(BIN)/python -m benchmarks.readme

clean: ## Remove what was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
