# Everything runs in .venv, which is made on first use. Only Python 3.11+ and make are needed for demo and test.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
SELFTEST := tests/engine/test_peers_of_ours.py tests/engine/test_agents_of_ours.py

.PHONY: venv demo test selftest lint format bench bench-search search-check peers peers-check gallery images calibrate calibrate-a2a selftest-full oracle wheel-check plugin-matrix plugin-check test-browser docs docs-check

venv: $(STAMP)

demo: $(STAMP)
	$(BIN)/python -m wireproof run --journal .wireproof/demo-reference.jsonl -- $(BIN)/python fixtures mcp stdio
	@echo
	@echo "The same server with one sin, which wireproof finds (so its exit code is 1):"
	@echo
	$(BIN)/python -m wireproof run --journal .wireproof/demo-faulty.jsonl -- $(BIN)/python fixtures mcp stdio --sin $(SIN) || test $$? -eq 1
	@echo
	@echo "An A2A agent, on every interface that its card offers:"
	@echo
	$(BIN)/python fixtures a2a try $(BIN)/python -m wireproof run --journal .wireproof/demo-agent.jsonl

SIN ?= error-without-message

# Half as many again as there are cores, because most tests wait for a process half of the time.
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) * 3 // 2)")

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(SELFTEST:%=--ignore=%)

# Every faulty and lawful peer, where it shows first. It uses every core by itself, and takes about as long as the other tests together.
selftest: $(STAMP)
	$(BIN)/python -m pytest $(SELFTEST)

lint: $(STAMP)
	$(BIN)/ruff check src tests fixtures schemas benchmarks docs
	$(BIN)/ruff format --check src tests fixtures schemas benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python schemas/build.py --check
	$(BIN)/python -m wireproof lint conformance/mcp/exchanges
	$(BIN)/python -m wireproof lint --protocol a2a conformance/a2a/exchanges

format: $(STAMP)
	$(BIN)/ruff check --fix src tests fixtures schemas benchmarks docs
	$(BIN)/ruff format src tests fixtures schemas benchmarks docs

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/generate.py

peers: $(STAMP)
	$(BIN)/python tests/peers/install.py

peers-check: peers
	$(BIN)/python -m pytest -m peers tests

# The site over all real peers, build/gallery/site/index.html; it takes a while. `make images` makes the pictures of the README from it.
gallery: peers
	$(BIN)/python tests/peers/gallery.py build/gallery

images: $(STAMP)
	$(BIN)/python -m tests.browser.screenshots build/gallery/site docs/images

# The official conformance suite beside wireproof, some minutes: docs/calibration.md. Fails on what docs/calibration.yaml does not argue.
calibrate: $(STAMP)
	$(BIN)/python tests/peers/install.py --only npm-conformance --only everything --only mcp2 --only ts-sdk2
	$(BIN)/python tests/peers/calibrate.py

# The official test kit of A2A beside wireproof, three minutes. TCK is a checkout of its 1.0 line (a2aproject/a2a-tck), which is in no registry.
calibrate-a2a: $(STAMP)
	$(BIN)/python tests/peers/install.py --only py-a2a-tck --only py-a2a1
	$(BIN)/python tests/peers/calibrate_a2a.py "$(TCK)"

# The HTML report in a headless Chromium, which is installed when there is none.
test-browser: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[browser]"
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m pytest -m browser tests/browser

# Every code block of README.md and docs/ is executed, or says why it is not.
docs-check: $(STAMP)
	$(BIN)/python -m pytest -m docs -n auto --dist worksteal tests/test_doc_blocks.py

# The documentation as a site, build/site/index.html, which needs no server and no network. Any warning is an error.
docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

# Search on the planted faults: all of them with ten seeds, most of two hours; eight of them with one seed.
bench-search: $(STAMP)
	$(BIN)/python benchmarks/search.py --scripted --seeds 10

search-check: $(STAMP)
	$(BIN)/python benchmarks/search.py --check

selftest-full: $(STAMP)
	$(BIN)/python -m wireproof selftest --full

oracle: $(STAMP)
	$(BIN)/python -m pytest -m oracle tests/schemas tests/generate

wheel-check: $(STAMP)
	$(BIN)/python tests/wheel_check.py

# The pytest plugin from the built wheel: pytest 8 and 9, with and without xdist, on each Python >= 3.11 that is here; or the newest pytest with xdist.
plugin-matrix: $(STAMP)
	$(BIN)/python tests/plugin_matrix.py

plugin-check: $(STAMP)
	$(BIN)/python tests/plugin_matrix.py --newest

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(STAMP)
