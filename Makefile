# Every target sets up what it needs in .venv; a second call finds it done. Extra arguments go through ARGS,
# for example: make app ARGS="--server.port=8600" or make test ARGS="-k scenes". PIP_ARGS goes to pip.

VENV := .venv
PY := $(VENV)/bin/python
ARGS ?=
PIP_ARGS ?=
PIP := $(PY) -m pip install --no-input --disable-pip-version-check $(PIP_ARGS)

# Tools run as "python -m tool": scripts in .venv/bin keep the folder's old name when a checkout is moved.
MIN_PYTHON := import sys; sys.exit(sys.version_info < (3, 11))
VENV_WORKS := $(PY) -c 'import pip; $(MIN_PYTHON)' >/dev/null 2>&1

.DEFAULT_GOAL := help
.PHONY: help app test bench train words lint format clean FORCE

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

app: $(VENV)/.ready ## start the explainer and open it in the browser
	$(PY) -m streamlit run app.py $(ARGS)

test: lint ## lint, check the format and run every test, those in a real browser included
	@browser=$$(sh tools/browser.sh $(PY)) || exit 1; \
	echo "browser tests use $$browser"; \
	PVT_VIZ_BROWSER="$$browser" $(PY) -m pytest $(ARGS)

bench: $(VENV)/.ready-dev ## measure what the README states
	$(PY) -m benchmarks $(ARGS)

train: $(VENV)/.ready-dev ## train the networks that ship and measure them; goes on where it was cut
	$(PY) -m pvt_viz.train $(ARGS)

KEYWORDS := -k tr -k say -k N_ -k t -k tr_n:1,2 -k say_n:1,2
words: $(VENV)/.ready-dev ## bring the catalogues of messages up to date with the source
	$(PY) -m babel.messages.frontend extract -F babel.cfg $(KEYWORDS) --no-location --sort-output -w 110 \
	  --project pvt-viz --version 1 --copyright-holder pvt-viz --msgid-bugs-address=- -o $(VENV)/messages.pot .
	$(PY) -m babel.messages.frontend update -i $(VENV)/messages.pot -d pvt_viz/locale -l zh -w 110 \
	  --init-missing --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

lint: $(VENV)/.ready-dev ## check style and format, change nothing
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(VENV)/.ready-dev ## repair style and format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean: ## remove the environment and every cache
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps. .made: a Python that works is there; .ready: the app can run; .ready-dev: the tests can run.

$(VENV)/.made: $(if $(shell $(VENV_WORKS) && echo yes),,FORCE)
	@if ! $(VENV_WORKS); then \
	  for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    if $$python -c '$(MIN_PYTHON)' >/dev/null 2>&1; then break; fi; python=; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "pvt-viz needs Python 3.11 or newer, and python3 is $$(python3 --version 2>&1 || :): install one, or say make PYTHON=/path/to/python." >&2; \
	    exit 1; \
	  fi; \
	  rm -rf $(VENV); \
	  echo "making $(VENV) with $$($$python --version)"; \
	  if ! $$python -m venv $(VENV); then \
	    rm -rf $(VENV); \
	    echo "$$python -m venv failed: on Debian and Ubuntu it needs the package python3-venv (apt-get install python3-venv)." >&2; \
	    exit 1; \
	  fi; \
	fi
	@touch $@

$(VENV)/.ready: requirements.txt $(VENV)/.made
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt requirements-nodeps.txt $(VENV)/.ready
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps -r requirements-nodeps.txt
	@touch $@
