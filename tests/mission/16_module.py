#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent as a device driver module."""
from carries import carries
from mission import MODULE, main

main(lambda world: carries(world, 'module:kcs:0xca2'), MODULE)
