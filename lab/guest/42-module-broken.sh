# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 180
# A contradiction inside the core (planted; lab/prepare): said once, everybody is told, nothing else of
# the system is touched, and the module can be loaded anew.
. /lab/guest/module.sh

# Status of a command that has to come back by itself.
returns() { # COMMAND...
	timeout 60 "$@" >/tmp/returned 2>&1
}

insmod /lab/broken/vipmi.ko
check "vipmi.ko's link is up" await_up
vipmi --target $vipmi node add >/dev/null
check "a node works" ipmitool -d 1 mc info
stay 50
ioctl_load $vipmi stay 10 >/tmp/ioctl &
ioctl=$!
await_file up /tmp/ioctl
equal "60 programs and a node are at work" 61 "$(status handles)"

returns vipmi --target $vipmi raw 0x30 0xbd
equal "who set it off is told: $(head -n 1 /tmp/returned)" 4 $?
i=0
while pidof lab_load ioctl_load >/dev/null && [ $i -lt 600 ]; do
	sleep 0.1
	i=$((i + 1))
done
equal "everybody else is, too, and ends" "" "$(pidof lab_load ioctl_load)"
wait $ioctl
returns vipmi --target $vipmi status
equal "whoever comes now fails" 4 $?
check "and is told why: $(head -n 1 /tmp/returned)" grep -q "out of order" /tmp/returned
returns ipmitool -d 1 mc info
equal "and on the node: $(head -n 1 /tmp/returned)" 1 $?
equal "the kernel warns once" 1 "$(dmesg | grep -c 'WARNING:')"
equal "in words" 1 "$(dmesg | grep -c 'a contradiction inside')"
check "the stock driver serves on" ipmitool mc info
check "the module can go" rmmod vipmi
dmesg -c >/out/warned
insmod "$module"
check "and come again" await_up
check "and serves" lab_load $vipmi 10 10
check "rmmod" rmmod vipmi
