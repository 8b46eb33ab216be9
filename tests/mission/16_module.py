#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent as a device driver module."""
from mission import NotYet, main


def show(_):
    raise NotYet('needs a guest with vipmi.ko: the issue of the module; make lab has a first one')


main(show)
