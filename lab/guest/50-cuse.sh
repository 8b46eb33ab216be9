# SPDX-License-Identifier: BSD-2-Clause
# controller: none
# drivers: none
# ci: no
# seconds: 1200
# The tool list and every question of the probe on a node of vipmid's, where there is no driver: the
# host compares them with the oracle. A 32-bit program asks the same questions as the 64-bit one.
. /lab/guest/cuse.sh

check "cuse is there" modprobe cuse
serve ipmi0
check "/dev/ipmi0 comes with vipmid" test -c /dev/ipmi0
equal "it is root's alone" "crw------- root root" "$(stat -c '%A %U %G' /dev/ipmi0)"
sh /lab/tools/run.sh /lab/tools/list.txt >/out/tools.raw
check "the tool list ran to its end" grep -q '^==== end ev-ipmievd-help ' /out/tools.raw
ioctl_probe_static /dev/ipmi0 >/out/probe.txt 2>&1
equal "the probe asked everything" 0 $?
ioctl_probe_32 /dev/ipmi0 >/out/probe-32.txt 2>&1
equal "the 32-bit probe asked everything" 0 $?
end_serving
check "the node goes with vipmid" test ! -e /dev/ipmi0
