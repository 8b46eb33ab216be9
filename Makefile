# SPDX-License-Identifier: BSD-2-Clause
# The front door. Each target does its own set-up on a bare Debian 12.
BUILD ?= build

.PHONY: all test
all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

test: all
	meson test -C $(BUILD) --print-errorlogs
