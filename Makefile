# Pennyworth. `make demo` on a fresh machine is all it takes; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# As pip does where it is told so: a network may have certificates of its own.
export UV_SYSTEM_CERTS ?= 1

# Wheels only; srt alone has none, and is pure Python. PocketSphinx has wheels for Python 3.11 and 3.13: with
# another Python its source is compiled.
WHEELS = $(shell $(PYTHON) -c 'import sys; print("--only-binary :all: --no-binary srt" if sys.version_info[:2] in ((3, 11), (3, 13)) else "--prefer-binary" if not "$(UV)" else "")' 2>/dev/null)

ifdef UV
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --no-build-isolation
else
# Twice quiet: errors are shown, and not what older pips deprecate.
INSTALL := $(BIN)/python -m pip install -qq --no-build-isolation
endif

.PHONY: help demo listen test test-all bench lint docs audio lock microphone virtual-microphone hledger chromium spark java piper clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo      install, then hear one household'"'"'s week and print what it earned and cost'
	@echo 'make listen    install, then listen to the microphone'
	@echo 'make test      lint, types, import contract, tests'
	@echo 'make test-all  the same with the slow proofs'
	@echo 'make bench     measure, and print figures'
	@echo 'make docs      write what conversations and scenarios come to into docs/accounting.md, economics.md, scenarios.md'
	@echo 'make audio     make the bundled recordings again (needs flite and espeak-ng)'
	@echo 'make lock      resolve the dependencies anew (needs uv)'
	@echo 'make clean     remove what was installed and built here'

demo: $(VENV)/.installed microphone
	@$(BIN)/pennyworth demo

listen: $(VENV)/.installed microphone
	@$(BIN)/pennyworth listen

test: $(VENV)/.installed-dev virtual-microphone hledger chromium lint
	$(BIN)/python -m pytest -n auto -m 'not slow'

test-all: $(VENV)/.installed-dev virtual-microphone hledger chromium spark piper lint
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks

docs: $(VENV)/.installed-dev chromium
	$(BIN)/python -m tests.docs.accounting
	$(BIN)/python -m tests.docs.economics
	$(BIN)/python -m tests.docs.review

audio: $(VENV)/.installed-dev
	$(BIN)/python tests/audio/make_household.py

lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group build -o requirements-build.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 -c requirements-build.lock pyproject.toml --extra voice --extra wake -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 -c requirements.lock pyproject.toml --extra voice --extra wake --group dev -o requirements-dev.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 -c requirements-dev.lock pyproject.toml --extra piper --group piper -o .ci/requirements-piper.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 -c requirements-dev.lock pyproject.toml --extra spark -o .ci/requirements-spark.lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    || { echo 'Pennyworth needs Python 3.11 or later; this is' "$$($(PYTHON) --version 2>&1)". 'Name another: make PYTHON=python3.13'; exit 1; }
	@echo 'Installing into $(VENV) (once; about a minute) ...'
ifdef UV
	@$(UV) venv --quiet --seed --python '$(PYTHON)' $(VENV)
else
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'If venv is missing: sudo apt install python3-venv'; exit 1; }
endif

$(VENV)/.installed: requirements-build.lock requirements.lock pyproject.toml | $(BIN)/python
	@$(INSTALL) $(WHEELS) --require-hashes -r requirements-build.lock
	@$(INSTALL) $(WHEELS) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(INSTALL) $(WHEELS) --require-hashes -r requirements-dev.lock
	@touch $@

# PySpark has no wheels; it is Python with Java beside it, and nothing is compiled.
$(VENV)/.installed-spark: .ci/requirements-spark.lock $(VENV)/.installed-dev
	@$(INSTALL) $(WHEELS) --no-binary pyspark --require-hashes -r .ci/requirements-spark.lock
	@touch $@

# The microphone needs a system library that no Python package on Linux brings; everything else goes without it.
microphone: $(VENV)/.installed
	@$(BIN)/python -c 'import sounddevice' 2>/dev/null || $(call apt,libportaudio2) \
	    || echo 'No microphone yet: sudo apt install libportaudio2   (the demo and audio files go without it)'

# The tests of the microphone play sound into a virtual one; without it they are skipped.
virtual-microphone: microphone
	@command -v pulseaudio pactl paplay >/dev/null || $(call apt,pulseaudio pulseaudio-utils libasound2-plugins) \
	    || echo 'No virtual microphone; its tests will be skipped: sudo apt install pulseaudio pulseaudio-utils libasound2-plugins'

# The exports are read back by hledger, too; without it those tests are skipped.
hledger:
	@command -v hledger >/dev/null || $(call apt,hledger) \
	    || echo 'No hledger; its tests will be skipped: sudo apt install hledger'

# Replies can be spoken by Piper, too; its tests make a voice of their own.
piper: $(VENV)/.installed-dev
	@$(INSTALL) $(WHEELS) --require-hashes -r .ci/requirements-piper.lock || echo 'No Piper; its tests will be skipped'

# Spark runs the metrics of a fleet, too; without it or Java those tests are skipped.
spark: java
	@$(MAKE) --no-print-directory $(VENV)/.installed-spark || echo 'No Spark; its tests will be skipped'

java:
	@command -v java >/dev/null || $(call apt,default-jre-headless) \
	    || echo 'No Java; the tests of Spark will be skipped: sudo apt install default-jre-headless'

# A real browser walks the pages of the review; without it those tests are skipped.
chromium:
	@command -v chromium >/dev/null || $(call apt,chromium) \
	    || echo 'No chromium; its tests will be skipped: sudo apt install chromium'

# Install Debian packages where that may be done without asking: as root, or with sudo that needs no password.
apt = { command -v apt-get >/dev/null \
	    && if [ "$$(id -u)" = 0 ]; then root=; else root='sudo -n'; $$root true 2>/dev/null; fi \
	    && echo 'Installing $(1) ...' \
	    && { $$root apt-get install -qq -y --no-install-recommends $(1) >/dev/null 2>&1 \
	        || { $$root apt-get update -qq >/dev/null 2>&1 \
	            && $$root apt-get install -qq -y --no-install-recommends $(1) >/dev/null 2>&1; }; }; }
