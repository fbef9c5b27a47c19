# Everything runs in .venv, which is made on first use. Only Python 3.11+ and make are needed for demo and test.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test lint format bench peers peers-check selftest-full oracle wheel-check docs

demo: $(STAMP)
	$(BIN)/python -m wireproof run --journal .wireproof/demo-reference.jsonl -- $(BIN)/python fixtures mcp stdio
	@echo
	@echo "The same server with one sin, which wireproof finds (so its exit code is 1):"
	@echo
	$(BIN)/python -m wireproof run --journal .wireproof/demo-faulty.jsonl -- $(BIN)/python fixtures mcp stdio --sin $(SIN) || test $$? -eq 1

SIN ?= response-id-retyped

test: lint
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check src tests fixtures schemas benchmarks docs
	$(BIN)/ruff format --check src tests fixtures schemas benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python schemas/build.py --check
	$(BIN)/python -m wireproof lint conformance/mcp/exchanges

format: $(STAMP)
	$(BIN)/ruff check --fix src tests fixtures schemas benchmarks docs
	$(BIN)/ruff format src tests fixtures schemas benchmarks docs

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py

peers: $(STAMP)
	$(BIN)/python tests/peers/install.py

peers-check: peers
	$(BIN)/python -m pytest -m peers tests

docs: $(STAMP)
	$(BIN)/python docs/build.py build/docs

selftest-full: $(STAMP)
	$(BIN)/python -m wireproof selftest --full

oracle: $(STAMP)
	$(BIN)/python -m pytest -m oracle tests/schemas

wheel-check: $(STAMP)
	$(BIN)/python tests/wheel_check.py

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(STAMP)
