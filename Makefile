# make demo   the main job on the embedded default, shown
# make test   lint, types, import contracts, then the tests
# PYTHON may name another interpreter (3.11 or later).
PYTHON ?= python3
BIN := .venv/bin

# Containers often set it: every process that a test starts would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test soak lint docs format clean

.venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[postgres,dev]'
	@touch $@

demo: .venv
	$(BIN)/newsletter demo $(ARGS)

test: lint
	$(BIN)/python -m pytest $(ARGS)

soak: .venv
	$(BIN)/python -m pytest -m soak --override-ini addopts=--import-mode=importlib $(ARGS)

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv
	$(BIN)/python docs/generate.py

format: .venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
