# Every target sets up .venv by itself when it is missing or older than what it is made from.
# `make sandbox` opens a workspace to try things in; `make test` runs the tests.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?=
RUN := .venv/bin
STAMP := .venv/.ready
TESTS := tests/unit tests/contracts tests/scenarios
JOBS ?= 2
ONLY ?= not slow
ARGS ?=

.PHONY: help setup sandbox demo test check bench torture pictures clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name what; do \
	  printf '  make %-10s %s\n' "$$name" "$$what"; done

setup: $(STAMP) ## Create or refresh .venv

$(STAMP): requirements.lock pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" sh .ci/setup
	@touch $@

sandbox: $(STAMP) ## Open a local workspace with the bot, hosts and an application
	@$(RUN)/shipmate sandbox $(ARGS)

demo: $(STAMP) ## Play every story through the sandbox
	@$(RUN)/shipmate demo $(ARGS)

test: $(STAMP) ## Run the tests that need no root; the slow ones too with ONLY=
	@JOBS="$(JOBS)" ONLY="$(ONLY)" sh .ci/tests $(TESTS) $(ARGS)

check: $(STAMP) ## Check format, lint, contracts and types
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/lint-imports
	@$(RUN)/mypy

bench: $(STAMP) ## Run the benchmarks
	@$(RUN)/python -m benchmarks $(ARGS)

torture: $(STAMP) ## Kill the bot at random instants: make torture N=1000
	@JOBS=1 sh .ci/tests tests/crash tests/mutations $(if $(N),--kills=$(N) --instants=0 --abreast=4) $(ARGS)

pictures: $(STAMP) ## Take the pictures that the documentation shows
	@$(RUN)/python docs/pictures/make.py $(ARGS)

clean: ## Remove what was set up
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
