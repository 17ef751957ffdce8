# Two commands to know: `make demo` shows what the program finds, `make test` runs every test.
# The stamp files in .venv remember what is installed, so that a second run starts at once.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
CAPTURES := $(sort $(wildcard $(foreach ending,pcap pcapng,pcaps/*.$(ending) pcaps/*.$(ending).gz pcaps/*.$(ending).zst)))
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check --editable

.PHONY: help demo test lint bench clean
.DELETE_ON_ERROR:

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## */make \1\t/p' Makefile

demo: $(VENV)/.installed  ## install into .venv and analyze the captures in pcaps/
	$(VENV)/bin/sensor analyze $(CAPTURES)

test: $(VENV)/.installed-test  ## run every test
	$(RUN) -m pytest --quiet

lint: $(VENV)/.installed-lint  ## check style, types and which part may import which
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.installed-test  ## measure packets and rows a second
	$(RUN) bench/run.py
	$(RUN) bench/logs.py

clean:  ## remove what the commands above made
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "sensor needs Python 3.11 or newer as $(PYTHON): sudo apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "sensor needs Python's venv module: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV), which takes a minute the first time"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The extra `all` brings what the tests and the recipes in pcaps/ use besides the program itself.
$(VENV)/.installed: $(VENV)/.created setup.cfg pyproject.toml
	@$(INSTALL) '.[all]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(INSTALL) '.[all,test]'
	@touch $@

$(VENV)/.installed-lint: $(VENV)/.installed
	@$(INSTALL) '.[all,test,lint]'
	@touch $@
