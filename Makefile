# The two commands a newcomer needs are `make demo` and `make test`; both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV ?= uv

.PHONY: demo test hard coverage bench bench-lock lint types check audit sbom lock clean

demo: $(VENV)/.runtime
	@$(BIN)/tsunagari demo

# Three at a time, each file whole in one of them: two cores are enough, since much of it is waiting for disks and browsers.
# In their order: by itself xdist would keep the files with few and long tests for the end, when others have nothing to do.
test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# What the tests do in small, in the amounts of the issues: 100,000 fuzzed bodies, 100 kills, 1,000 hostile strings.
hard: $(VENV)/.dev
	@$(BIN)/python -m pytest -m hard -s -rA $(ARGS)

# Beside the tests, not in them: to count lines makes them a third slower.
coverage: $(VENV)/.dev
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered $(ARGS)

# A quarter of an hour, on a machine that does nothing else: ARGS="--modes at-once", ARGS="--help". What the others in the
# race need has an environment of its own; whoever cannot have it is left out of the race, which says so.
OTHERS := benchmarks/contestants

bench: $(VENV)/.runtime $(VENV)/contestants/.ready $(OTHERS)/node_modules/.package-lock.json
	@$(BIN)/python benchmarks/webhook_race.py $(ARGS)

$(VENV)/contestants/.ready: $(OTHERS)/requirements.txt
	@$(PYTHON) -m venv --clear $(VENV)/contestants
	@$(VENV)/contestants/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r $(OTHERS)/requirements.txt && touch $@ || { rm -rf $(VENV)/contestants; echo "!!! No FastAPI: PyPI could not be asked."; }

# Without the packages' own scripts: one of them would fetch a program from elsewhere, and none is needed.
$(OTHERS)/node_modules/.package-lock.json: $(OTHERS)/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix $(OTHERS) --ignore-scripts --no-audit --no-fund --loglevel error && touch $@ \
	  || echo "!!! No Express, no Bottender: npm could not get them."; \
	  else echo "!!! No Express, no Bottender: Node 20 with npm is missing."; fi

bench-lock:
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url $(OTHERS)/requirements.in -o $(OTHERS)/requirements.txt
	npm install --prefix $(OTHERS) --package-lock-only --ignore-scripts --no-audit --no-fund

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

check: lint types test

# Our own code is compiled here: whoever runs the service may not write beside it, and each start would compile it anew.
# Locked and hash-pinned: a fresh machine gets exactly the versions that were tested.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tsunagari needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.runtime: $(VENV)/bin/python requirements/runtime.txt pyproject.toml
	@echo "Setting up (the first time takes a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q bot jobs simulator storage
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# For each release, in an environment of its own: neither the service nor its tests carry these tools.
TOOLS := $(VENV)/tools

$(TOOLS)/.ready: requirements/tools.txt
	@$(PYTHON) -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

# Needs the network: PyPI says which versions have known holes. Without --strict, what cannot be asked would count as good.
audit: $(TOOLS)/.ready
	@$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
	  -r requirements/dev.txt -r requirements/tools.txt || \
	  { echo "Not proved to be without known holes. A table above names them; \"could not be audited\" or a connection error"; \
	    echo "means that PyPI could not be asked (https://pypi.org/pypi/NAME/VERSION/json): run it where there is a way out."; exit 1; }

# CycloneDX: what the service is made of, with versions and hashes. Made anew for each release, so it is not in git.
sbom: $(TOOLS)/.ready
	@PYTHONWARNINGS=ignore $(TOOLS)/bin/cyclonedx-py requirements requirements/runtime.txt \
	  --pyproject pyproject.toml --output-reproducible --output-format JSON --output-file sbom.json
	@echo "sbom.json: $$(grep -c '"purl"' sbom.json) components"

lock:
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra build pyproject.toml -o requirements/runtime.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra build --extra dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url requirements/tools.in -o requirements/tools.txt

clean:
	rm -rf $(VENV) $(OTHERS)/node_modules var build sbom.json *.egg-info .pytest_cache .mypy_cache .ruff_cache
