#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent as a daemon on the hardware's ports."""
from carries import carries
from mission import DAEMON, main

main(lambda world: carries(world, 'kcs:0xca2'), DAEMON)
