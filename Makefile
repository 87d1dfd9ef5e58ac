# The verbs of this project. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.lambdad-stamp

# Where compiled modules may not be kept, every process compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE

# Tests marked `full` need more tools.
export FULL_TESTS := $(filter soak,$(MAKECMDGOALS))$(findstring --full,$(ARGS))

.DEFAULT_GOAL := help
.PHONY: help setup run demo console tools test lint bench docs reference lock models soak test-real wheel clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with lambdad and its development tools, versions locked by hash

$(STAMP): requirements/dev.txt pyproject.toml scripts/setup.sh
	@PYTHON="$(PYTHON)" sh scripts/setup.sh
	@touch $(STAMP)

run: setup console ## start the endpoint, deploy a sample, invoke it, and stay up (Ctrl-C stops)
	@$(BIN)/python scripts/run.py

demo: setup ## play an example on a server of its own, step by step (NAME=thumbnails; alone it lists them)
	@$(BIN)/python scripts/demo.py $(NAME)

console: setup ## build the console into the package, when its sources have changed
	@$(BIN)/python scripts/console.py

tools: console ## set up what tests need beside .venv
	@sh scripts/test_tools.sh

test: tools ## set up what tests need and run all of them
	@$(BIN)/python scripts/test.py $(ARGS)

lint: console ## format, lint, types, layers; the console's too
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v npm >/dev/null; then cd console && npm run --silent check && npm test --silent; \
	else echo "lint: no npm here, so the console's sources are not checked"; fi

bench: setup ## measure lambdad and its peers side by side
	$(BIN)/python -m bench $(ARGS)

docs: setup ## build the documentation; a broken link is an error
	$(BIN)/python scripts/reference.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site

reference: setup ## write the generated reference pages again
	$(BIN)/python scripts/reference.py

lock: ## compile requirements/*.in to locked requirements/*.txt
	@PYTHON="$(PYTHON)" sh scripts/lock.sh

models: setup ## raise botocore, whose service models the wire is derived from
	$(BIN)/python scripts/raise_models.py

soak: tools ## tests of the long form, 10,000 environments with faults, 1,000 kills amid events, 200 amid messages, 200 amid streams, 200 amid Kafka, then invokes for a long time: nothing is left, lost or grows (ARGS="--environments 500 --event-kills 60 --minutes 60")
	$(BIN)/python scripts/soak.py $(ARGS)

test-real: setup ## run against real servers from registries: ElasticMQ, kinesis-mock, versitygw … (ARGS="elasticmq")
	$(BIN)/python scripts/test_real.py $(ARGS)

wheel: console ## build the wheel and run a function from it in an empty environment
	$(BIN)/python scripts/check_wheel.py

clean: ## remove everything that can be made again
	rm -rf src/lambdad/console_files console/node_modules .venv .venv-awscli .venv-lock .cache dist build site .coverage .hypothesis .mypy_cache .ruff_cache .import_linter_cache
