# SPDX-License-Identifier: BSD-2-Clause
# The front door. Each target does its own set-up on a bare Debian 12: as root it installs what is
# missing, otherwise it prints the one line to type. Meson and Ninja do the building, in build*/.
PREFIX ?= /usr/local

.PHONY: all help demo test mission bench lab lint install install-module deep fuzz coverage clean
all:
	@tools/setup.sh build test
	@tools/configure build

help:
	@echo 'make demo                  256 programs on one simulated controller, for half a minute'
	@echo 'make test                  every test, under gcc, clang, sanitizers, valgrind'
	@echo 'make mission               what was asked for, line by line, on the running system'
	@echo 'make bench                 vipmid beside a plain echo server'
	@echo 'make lab                   the same in a QEMU guest, with the kernel and the module'
	@echo 'make lint                  layers, text, format, the pure set'
	@echo 'make deep                  tests that take long'
	@echo 'make coverage              branches of the core that tests reach'
	@echo 'make fuzz SECONDS=60       every fuzz target for so long'
	@echo 'make install PREFIX=DIR    programs to DIR/bin, libraries to DIR/lib (now $(PREFIX))'
	@echo 'make install-module        vipmi.ko as DKMS source, with its udev rules'
	@echo 'make clean                 removes build*/'

demo:
	@tools/setup.sh build demo
	@tools/configure build-release
	@meson install -C build-release --no-rebuild --quiet
	@demo/run build-release

test:
	@tools/setup.sh build demo test
	@tools/test

# LINES names single lines of the table.
mission:
	@tools/setup.sh build demo test lab
	@tools/configure build
	@tests/mission/run build --lab build-lab $(LINES)

lint:
	@tools/setup.sh build test
	@tools/configure build >/dev/null
	@meson test -C build --no-rebuild --print-errorlogs --suite check

bench:
	@tools/setup.sh build bench
	@tools/configure build-release
	@bench/run build-release

# TESTS names single guests, or is --all: with those that take long; KERNEL=backports is a newer one;
# LAB_RECORD=1 keeps what the stock driver says now as the oracle.
lab:
	@tools/setup.sh build test lab
	@tools/configure build
	@LAB_KERNEL=$(KERNEL) lab/run build-lab$(addprefix -,$(KERNEL)) build $(TESTS)

fuzz:
	@tools/setup.sh build test
	@tools/fuzz $(or $(SECONDS),60)

coverage:
	@tools/setup.sh build test coverage
	@tools/coverage

deep:
	@tools/setup.sh build demo test bench lab coverage
	@tools/deep

install:
	@tools/setup.sh build
	@PREFIX='$(PREFIX)' tools/configure build-install
	@meson install -C build-install --no-rebuild --quiet
	@echo "installed into $(PREFIX)"

# DESTDIR for packages; without it DKMS, where there is one, compiles it for the kernel that runs.
install-module:
	@tools/setup.sh build
	@tools/configure build
	@tools/install-module build '$(DESTDIR)'

clean:
	rm -rf build build-*
