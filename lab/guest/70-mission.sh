# SPDX-License-Identifier: BSD-2-Clause
# boot: mission
# Lines of the mission that need a kernel, on vipmi.ko and on vipmid at the KCS registers.
