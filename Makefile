# Two commands bring a fresh Debian machine with Node ≥ 20 to a finished result: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/.cache/tools:$(PATH):/usr/sbin:/sbin
export UV_THREADPOOL_SIZE ?= 16

arch    := $(patsubst aarch64,arm64,$(patsubst x86_64,x64,$(shell uname -m)))
runtime := node-linux-$(arch)@$(shell sed -n 's/.*"node-linux-$(arch)": "\(.*\)".*/\1/p' package.json)
stamp   := node_modules/.installed-from

.PHONY: help demo lab test check soak mutants bench-index dist worker-image worker-image-test setup tools packages build clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 26

demo: setup build ## Install what is missing, build, and show the main job from end to end
	@node e2e/dist/demo/main.js

lab: setup build ## Install what is missing, build, start two simulated oVirt Managers and print what to try, until Ctrl-C
	@node e2e/dist/lab/main.js

test: setup ## Install what is missing and run every check
	@scripts/test

check: setup ## What must be green before every commit: generate, build, lint, format, dead code, arrows, unit tests
	@scripts/check

soak: setup build ## Long runs: kills at every step and in pairs, many seeds, kill loops
	@scripts/soak

mutants: setup build ## Break one rule after another in a copy of the tree, and see a test fail each time
	@node scripts/run-mutants.ts

bench-index: setup ## Measure an index of MILLIONS (100) of chunks inside 1.5 GiB of memory
	@node --conditions=source repository/src/bench/index.ts $(or $(MILLIONS),100)

dist: packages build ## Make the tarball of an installation: dist/holdfast-VERSION-linux-ARCH.tar.gz
	@scripts/make-dist

worker-image: dist ## Make the disk image of workers: dist/holdfast-worker-VERSION.qcow2 (as root)
	@scripts/make-worker-image

worker-image-test: build ## Boot that image once in software emulation, made when it is not there: its agent joins and takes a task
	@scripts/test-worker-image

setup: tools packages ## Install what is missing

tools:
	@scripts/ensure-tools

packages:
	@sha256sum --check --status $(stamp) 2>/dev/null || { \
	  npx --yes --package=$(runtime) -- npm ci --no-audit --no-fund; \
	  test -x node_modules/.bin/node || npm rebuild node-linux-$(arch); \
	  sha256sum package-lock.json > $(stamp); }

build: packages ## Generate the wire code, compile, and bundle the programs
	@npm run --silent generate
	@npm run --silent build

clean: ## Remove what building made
	@rm -rf dist */dist proto/src coverage
