# `make` alone prints the targets. Each installs what it needs; a second run starts at once.
# On an unusual machine: make PYTHON=/path/to/python3.12 test;  extra arguments: make test ARGS="-k window".

PYTHON ?= python3
ARGS ?=
PIP := -m pip --disable-pip-version-check --quiet

# What the tests start besides Python programs, as file-or-command:Debian-package.
PROGRAMS := chromium:chromium faketime:faketime fcgiwrap:fcgiwrap fish:fish git:git haproxy:haproxy \
    h2load:nghttp2-client nginx:nginx-light node:nodejs /usr/sbin/pgbouncer:pgbouncer wrk:wrk zsh:zsh \
    /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf:fonts-dejavu

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := targets
.NOTPARALLEL:
.PHONY: targets demo test lint types imports bench soak storm long contract pages docs languages image lock programs

targets:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.run ## run the gateway, a sample application and PostgreSQL on http://127.0.0.1:8080 (Ctrl-C stops all)
	@exec .venv/bin/gateway demo $(ARGS)

test: .venv/.dev .venv-applications/.made tests/pages/node_modules/.made programs ## install what is missing and run every test
	@exec .venv/bin/python -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/.dev ## check the style of the code and its format
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: .venv/.dev ## check the types
	@.venv/bin/mypy

imports: .venv/.dev ## check that imports only go down the floors
	@.venv/bin/lint-imports

bench: .venv/.bench programs ## measure the gateway beside nginx, HAProxy, Envoy, Caddy and aiohttp (ARGS=--write: keep it)
	@exec .venv/bin/python -m bench $(ARGS)

soak: .venv/.dev ## load the gateway for 10 minutes, with clients that vanish, stall and reset; account for all requests
	@exec .venv/bin/python -m bench.soak $(ARGS)

storm: .venv/.dev ## a million requests while 200 windows start, change and end over 4 gateways (ARGS=--faults, ARGS="--outage 600")
	@exec .venv/bin/python -m tests.story.harness $(ARGS)

contract: .venv/.dev .venv-applications/.made ## try the API against its own description, with thousands of calls (ARGS=... as for pytest)
	@GATEWAY_TEST_EXAMPLES=$${GATEWAY_TEST_EXAMPLES:-40} .venv/bin/python -m pytest tests/story/contract $(ARGS)

pages: .venv/.dev tests/pages/node_modules/.made programs ## check the customers' pages in full: axe-core, html-validate, the keyboard, Lighthouse
	@GATEWAY_TEST_PAGES=1 .venv/bin/python -m pytest tests/pages $(ARGS)

long: .venv/.dev .venv-applications/.made programs ## run what `make test` leaves out: storms under faults, a soak, the bench in short
	@.venv/bin/python -m pytest -m long $(ARGS)

docs: .venv/.dev ## write the reference pages of docs/ from the code
	@.venv/bin/python docs/generate.py

languages: .venv/.dev ## collect what customers read, for those who translate templates/languages/
	@$(call collected)

image: .venv/.dev ## build the container image with buildah and try it (as root)
	@GATEWAY_TEST_IMAGE=1 .venv/bin/python -m pytest tests/image $(ARGS)

lock: .venv/.dev ## pin the newest versions that pyproject.toml and tests/pages/package.json allow
	@$(call pinned,.[dev],constraints.txt)
	@$(call pinned,--requirement tests/applications.txt,tests/applications-constraints.txt)
	@echo "pinning tests/pages/package-lock.json" && cd tests/pages && ../../.venv/bin/npm update --package-lock-only --silent

# Installs $(1) in a throw-away environment and writes what came with it to $(2).
define pinned
echo "pinning $(2)" && scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
.venv/bin/python -m venv "$$scratch" && "$$scratch/bin/python" $(PIP) install $(1) && \
{ echo '# Exact versions, written by `make lock`.' && \
"$$scratch/bin/python" $(PIP) freeze --exclude maintenance-gateway; } >"$$scratch/pins" && cp "$$scratch/pins" $(2)
endef

define collected
pot=$$(mktemp --suffix .pot) && trap 'rm -f "$$pot"' EXIT && \
.venv/bin/pybabel -q extract --mapping babel.toml -k words -k count:1,2 -k message -k Badge --no-wrap --sort-output \
    --no-location -o "$$pot" . && \
for file in templates/languages/*.po; do \
    tag=$$(basename $$file .po) && \
    .venv/bin/pybabel -q update --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date \
        -l $$(echo $$tag | tr - _) -i "$$pot" -o $$file || exit 1; \
done
endef

# The stamps stand inside the environments: whoever deletes an environment deletes them with it.
.venv/.made:
	@$(call checked_python)
	@echo "making a virtual environment in .venv"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: pyproject.toml constraints.txt .venv/.made
	@echo "installing the gateway"
	@.venv/bin/python $(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt .venv/.made
	@echo "installing the gateway and the tools for its tests"
	@.venv/bin/python $(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/.run .venv/.bench

.venv/.bench: pyproject.toml constraints.txt .venv/.made
	@echo "installing the gateway and its peers in the benchmarks"
	@.venv/bin/python $(PIP) install --constraint constraints.txt --editable '.[bench]'
	@touch $@ .venv/.run

# httpbin and playwright want different versions of greenlet: the applications have an environment of their own.
.venv-applications/.made: tests/applications.txt tests/applications-constraints.txt
	@$(call checked_python)
	@echo "installing the applications that the tests put behind the gateway"
	@$(PYTHON) -m venv .venv-applications
	@.venv-applications/bin/python $(PIP) install --constraint tests/applications-constraints.txt --requirement tests/applications.txt
	@touch $@

# Node.js and npm come with .venv: those of Debian are too old. Nothing that is installed may run a script (.npmrc).
tests/pages/node_modules/.made: tests/pages/package.json tests/pages/package-lock.json | .venv/.dev
	@echo "installing what checks the customers' pages"
	@cd tests/pages && ../../.venv/bin/npm ci --silent
	@touch $@

define checked_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
{ echo "error: $(PYTHON) is not Python 3.11 or newer: install it, or name another: make PYTHON=/path/to/python3" >&2; exit 1; }; \
$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
{ echo "error: $(PYTHON) cannot make virtual environments: install it whole (on Debian: apt-get install python3-venv)" >&2; exit 1; }
endef

# Only root on Debian can install programs; elsewhere the tests name what cannot run.
programs:
	@missing=; for pair in $(PROGRAMS); do \
	    [ -e "$${pair%:*}" ] || command -v "$${pair%:*}" >/dev/null || missing="$$missing $${pair#*:}"; done; \
	[ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0; \
	echo "installing$$missing"; export DEBIAN_FRONTEND=noninteractive; \
	{ apt-get update -qq; apt-get install -qq -y --no-install-recommends $$missing >/dev/null; } || \
	    echo "could not install$$missing: what needs them is named below" >&2
