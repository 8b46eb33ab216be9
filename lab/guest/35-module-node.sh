# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# ci: no
# seconds: 3000
# A virtual controller as a real /dev/ipmiN: the tool list and the probe on it.
. /lab/guest/module.sh

node() {
	vipmi --target $vipmi node "$@"
}

insmod "$module"
check "vipmi.ko's link is up" await_up
equal "a node is the next /dev/ipmiN" /dev/ipmi1 "$(node add --name first 2>&1)"
check "it is there" test -c /dev/ipmi1
equal "sysfs knows its name, for udev" first "$(cat /sys/class/ipmi/ipmi1/device/vipmi_name)"
node add --name first >/tmp/out 2>&1
equal "a name is used once" 3 $?
note "$(cat /tmp/out)"
node add --name a/b >/tmp/out 2>&1
equal "and can be a file's" 1 $?
note "$(cat /tmp/out)"

mv /dev/ipmi0 /dev/stock
ln /dev/ipmi1 /dev/ipmi0
sh /lab/tools/run.sh /lab/tools/list.txt >/out/tools.raw
check "the tool list ran to its end" grep -q '^==== end ev-ipmievd-help ' /out/tools.raw
ioctl_probe_static /dev/ipmi0 >/out/probe.txt 2>&1
equal "the probe asked everything" 0 $?

check "a node is removed by its name" node remove first
check "and is gone" test ! -e /dev/ipmi1
holds_note
check "rmmod" rmmod vipmi
