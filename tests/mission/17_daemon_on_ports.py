#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent as a daemon on the hardware's ports."""
from mission import NotYet, main


def show(_):
    raise NotYet('needs a guest with KCS ports and vipmid\'s kcs link: the same issue')


main(show)
