# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# drivers: stock
# seconds: 900
# vipmi.ko on the KCS registers themselves, with ipmi_si unloaded.
. /lab/guest/module.sh

stock=$(ipmitool raw 6 1 | xargs)
insmod "$module" kcs=0xca2 >/tmp/out 2>&1
equal "while the kernel's driver has the ports, vipmi.ko does not load" 16 $?
check "and says what to do" sh -c 'dmesg | grep -q "rmmod ipmi_si first"'
rmmod ipmi_si
check "the kernel's driver is gone" test ! -e /dev/ipmi0
insmod "$module" kcs=0xca2 irq=5
check "vipmi.ko comes up on the registers" await_up
equal "the listing names what is below" module:kcs:0xca2 "$(status link)"
equal "reserved sequence numbers reach the bus" 1 "$(status wire_sequence)"
equal "Get Device ID, as the kernel's driver had it" "$stock" \
	"$(vipmi --target $vipmi raw app get-device-id | sed 's/^00 //' | xargs)"
load "100 programs at once, all tags equal" 100 20
as_fresh "nothing is left of them"
grep vipmi /proc/interrupts > /out/interrupts
note "$(cat /out/interrupts)"
vipmi --target $vipmi status >/out/status 2>&1
check "a node" vipmi --target $vipmi node add
ls /dev/ipmi* >/out/nodes
vipmi --target $vipmi node list >>/out/nodes
ipmitool mc info >/out/mc 2>&1
check "rmmod" rmmod vipmi
modprobe ipmi_si
i=0
while [ ! -e /dev/ipmi0 ] && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
equal "the kernel's driver finds the interface as it was" "$stock" "$(ipmitool raw 6 1 | xargs)"
