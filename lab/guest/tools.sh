# SPDX-License-Identifier: BSD-2-Clause
# Runs the whole tool list, then the probe; both guests of the oracle do the same.

check "/dev/ipmi0 is there" test -c /dev/ipmi0
sh /lab/tools/run.sh /lab/tools/list.txt >/out/tools.raw
check "the tool list ran to its end" grep -q '^==== end ev-ipmievd-help ' /out/tools.raw
ioctl_probe_static /dev/ipmi0 >/out/probe.txt 2>&1
equal "the probe asked everything" 0 $?
