# `make` alone lists what there is.
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready

export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
export SQLALCHEMY_SILENCE_UBER_WARNING := 1
export PYTHONWARNINGS := ignore

.DEFAULT_GOAL := help
.PHONY: help run chat train interactive test bench bench-nlu lint setup

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: setup ## set up what is missing and start the whole system
	@$(BIN)/tongshi up

chat: setup ## talk to the bot in the terminal (rasa shell)
	@$(BIN)/tongshi prepare && $(BIN)/tongshi chat

train: setup ## train the bot
	@$(BIN)/tongshi train

interactive: setup ## curate training data in conversation (rasa interactive)
	@$(BIN)/tongshi prepare && $(BIN)/tongshi chat --interactive

test: setup ## run all tests
	@$(BIN)/python -m pytest

bench: setup ## measure how long turns and answers take, and the language model beside raw llama.cpp
	@$(BIN)/tongshi evaluate latency && $(BIN)/tongshi evaluate serving

bench-nlu: setup ## measure intents on public sets beside Rasa's default, and in twelve languages
	@$(BIN)/tongshi evaluate benchmarks $(ARGS) && $(BIN)/tongshi evaluate crosslingual

lint: setup ## check style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check tongshi actions tests

setup: $(READY) ## make the environment from the lock

$(READY): requirements.lock pyproject.toml
	@missing=""; \
	command -v $(PYTHON) >/dev/null || missing="$$missing $(PYTHON)"; \
	command -v c++ >/dev/null || missing="$$missing c++-compiler(g++)"; \
	[ -z "$$missing" ] || { echo "Missing on this machine:$$missing. Install it and try again."; exit 1; }; \
	$(PYTHON) -c "import sysconfig, os, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')))" \
	  || { echo "Missing on this machine: the headers of $(PYTHON) (python3.11-dev)."; exit 1; }
	@echo "Making the environment in .venv (a few minutes, once) …"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(READY)
