# SPDX-License-Identifier: BSD-2-Clause
# The front door. Each target does its own set-up on a bare Debian 12.
BUILD ?= build

.PHONY: all test lab
all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

test: all
	meson test -C $(BUILD) --print-errorlogs

# Tests in guests of QEMU with Debian's kernel; LAB_RECORD=1 keeps what the stock driver says now.
LAB ?= build-lab
lab: all
	lab/run $(LAB) $(BUILD) $(TESTS)
