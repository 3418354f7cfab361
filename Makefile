# boardcert: make demo | test | lint | bench | fleet | docs | dist. Each sets up what it needs, in .venv/ and build/.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# For two cores, since boards wait often. A job is a file, whose tests share a board.
JOBS   ?= 6
TYPES  := types-firmware types-host_tools
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help setup demo test lint ruff $(TYPES) format bench fleet docs dist clean

help:
	@echo "make demo    the main job, from an empty board, on the virtual board (build/demo.json)"
	@echo "make test    all tests that need no hardware"
	@echo "make lint    ruff, and the type checker with MicroPython's stubs"
	@echo "make bench   speed and memory on the virtual board (build/bench.json)"
	@echo "make fleet   verify 10,000 simulated boards, some of them faulty (build/fleet.json)"
	@echo "make docs    the documentation as a site (build/docs)"
	@echo "make dist    wheel, sdist, and compiled packages for mpremote mip (build/dist)"
	@echo "make clean   remove build/ and the virtual environment"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "boardcert: Python 3.10 or later is needed, set PYTHON=python3.x"; exit 3; }
	@$(PYTHON) -c 'import ensurepip, venv' \
	  || { echo "boardcert: the venv module is missing"; \
	       echo "boardcert: hint: on Debian, apt-get install python3-venv"; exit 3; }
	@echo "boardcert: setting up $(VENV) (a minute or two, once)" >&2
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	$(PIP) install --editable '.[test]'
	@touch $@

demo: setup
	$(BIN)/boardcert demo

test: setup
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder \
	  --max-worker-restart 0 tests

bench: setup
	$(BIN)/python tests/bench/bench.py

fleet: setup
	$(BIN)/python tests/bench/fleet.py

# The stubs replace the checker's own standard library, so they are outside the environment.
build/stubs/%/.ready: $(VENV)/.ready
	$(PIP) install --upgrade --target build/stubs/$* micropython-$*-stubs==1.28.0.post4
	@touch $@

$(VENV)/.lint-ready: $(VENV)/.ready
	$(PIP) install --group lint
	@touch $@

lint: ruff $(TYPES)

ruff: $(VENV)/.lint-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(TYPES): types-%: $(VENV)/.lint-ready build/stubs/rp2-rpi_pico_w/.ready build/stubs/esp32/.ready
	$(BIN)/basedpyright --project $*

format: $(VENV)/.lint-ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.docs-ready: $(VENV)/.ready
	$(PIP) install --group docs
	@touch $@

docs: $(VENV)/.docs-ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --config-file host_tools/docs/mkdocs.yml
	@echo "boardcert: build/docs/index.html"

dist: setup
	$(BIN)/python host_tools/make_dist.py build/dist

clean:
	rm -rf build $(VENV)
