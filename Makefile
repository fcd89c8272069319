# As root on Debian or Ubuntu. Each target installs what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup lint check test proof test-dokku demo samples bench clean

help: ## Show these lines
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: ## Install what the tests need
	@tests/setup

lint: setup ## Run all static checks
	@tests/lint

check: lint ## Run lint, unit tests and one pass through the doors, in about a minute
	@tests/run unit quick

test: lint ## Run all checks and tests, as CI does
	@tests/run

proof: setup ## Stop a purge at every call and attack it, for hours; make test has a short form of it
	@tests/run proof

test-dokku: setup ## Run the end-to-end tests against the Dokku that is installed here
	@DOKKU_UNDER_TEST=real .venv/bin/bats $(or $(BATS_FILES),tests/e2e)

demo: ## Show the plugin at work on a server made for it
	@tests/setup --demo
	@tests/demo

samples: setup ## Run every sample in the pages, and write what was shown where it differs
	@tests/stage .venv/bin/python tests/samples.py --write

bench: setup ## Measure it beside du, gdu, rm and find, and write docs/benchmarks.md (an hour)
	@bench/run

clean: ## Remove what was made here
	@rm -rf .venv .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
