# SPDX-License-Identifier: GPL-2.0-or-later
#
# The one door. `make help` lists what is behind it.
#
# The host needs make, apt-get and root; everything is compiled, checked and
# emulated in a Debian 13 build root that is made on first use (selftests/buildroot).

SHELL := /bin/sh
.DEFAULT_GOAL := help
ROOT := $(CURDIR)
BUILDROOT := selftests/buildroot
STAGE := build/stage
DESTDIR ?=
JOBS ?= $(shell nproc)

.PHONY: help demo shell check check-full check-rdma-core check-kselftests lint bench
.PHONY: all modules modules-stable modules-backports userspace provider firmware stage install
.PHONY: host clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile
	@echo "  (JOBS=N: compile N at a time; selftests/testbed --help: guests by hand)"

# What people and CI run ------------------------------------------------------

demo: stage ## two hosts, one fibre: build all, boot, show it work, cut and mend the fibre
	selftests/demo --stage $(STAGE)

shell: stage ## logins on both hosts of that network (tmux)
	selftests/shell --stage $(STAGE)

check: host ## all that must pass before a commit is kept
	selftests/run check

check-full: host ## the same, with every guest test on both kernels
	selftests/run check-full

check-rdma-core: stage ## rdma-core's own Python tests on our device: what passes, fails, is skipped and why
	@selftests/run guest rdma/pyverbs; status=$$?; sed '/^$$/q' build/check-rdma-core.txt; exit $$status

check-kselftests: stage ## the kernel's drivers/net and drivers/net/hw selftests on our device: passed, failed, skipped and why
	@rm -f build/check-kselftests-*.txt; selftests/run guest 'kselftest/*'; status=$$?; \
		for report in build/check-kselftests-*.txt; do sed '/^$$/q' $$report; done; exit $$status

lint: host ## the checkers alone
	selftests/run lint

bench: stage ## our figures beside Debian's stock NICs
	selftests/bench/bench.py

# Building --------------------------------------------------------------------

all: modules userspace provider firmware ## compile everything

modules: modules-stable modules-backports ## kernel modules for Debian's 6.12 and for backports' kernel

modules-stable modules-backports: modules-%: host
	$(BUILDROOT) selftests/harness/build/modules.sh $* $(JOBS)

userspace: host ## ofemu and ofctl
	$(BUILDROOT) selftests/harness/build/userspace.sh $(JOBS)

provider: host ## the RDMA provider of libibverbs, with its unit tests
	$(BUILDROOT) selftests/harness/build/provider.sh "$$($(BUILDROOT) --source rdma-core)" $(JOBS)

firmware: host ## firmware and boot ROM from source
	$(BUILDROOT) $(MAKE) --no-print-directory -C firmware O=$(ROOT)/build/firmware -j$(JOBS)

stage: modules userspace provider
	$(BUILDROOT) selftests/harness/build/stage.sh $(STAGE)

install: stage ## modules, firmware, provider, ofctl and manual pages into DESTDIR
	mkdir -p $(DESTDIR)/
	cp -a --no-preserve=ownership $(STAGE)/. $(DESTDIR)/
	$(if $(DESTDIR),,for v in $(STAGE)/usr/lib/modules/*; do depmod $${v##*/} || true; done)

clean: ## remove what was compiled
	rm -rf build

distclean: clean ## and the cached build root, guest images and compiler cache
	selftests/testbed down --all
	rm -rf $${XDG_CACHE_HOME:-$$HOME/.cache}/mesh-optical

host:
	@command -v /usr/bin/python3 >/dev/null || { apt-get update && apt-get install -y python3; }
