# As root on Debian or Ubuntu. Each target installs what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup lint check test proof test-dokku demo samples bench clean

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: ## Install what the tests need
	@tests/setup

lint: setup ## Run all static checks
	@tests/lint

check: lint ## Run lint, unit tests and a quick end-to-end run, in about a minute
	@tests/run unit quick

test: lint ## Run all checks and tests, as CI does
	@tests/run

proof: setup ## Kill a purge at every system call, attack it, and simulate a year, for hours; make test has a short form
	@tests/run proof

test-dokku: setup ## Run the end-to-end tests against the Dokku that is installed here
	@DOKKU_UNDER_TEST=real .venv/bin/bats $(or $(BATS_FILES),tests/e2e)

demo: ## Show the plugin at work on a temporary server
	@tests/setup --demo
	@tests/demo

samples: setup ## Run every sample in the docs, and update the output where it differs
	@.venv/bin/python tests/generated.py
	@tests/stage .venv/bin/python tests/samples.py --write

bench: setup ## Measure the plugin next to rm, rmz, du and diskus, and print one table (half an hour)
	@bench/run

clean: ## Remove generated files
	@rm -rf .venv .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
