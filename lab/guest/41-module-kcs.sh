# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 900
# ci: no
# vipmi.ko on the KCS registers themselves, with ipmi_si unloaded.
. /lab/guest/module.sh
. /lab/guest/kcs.sh

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

equal "a node is the next /dev/ipmiN" /dev/ipmi0 "$(vipmi --target $vipmi node add 2>&1)"
equal "which answers" "$stock" "$(ipmitool raw 6 1 | xargs)"
check "its sensors are there" ipmitool sdr list
check "and a board of the drawer's on the bus" ipmitool -t 0xb4 mc info
vipmi --target $vipmi node remove 0
ln -s vipmi0 /dev/ipmi0
sh /lab/tools/run.sh /lab/tools/list.txt >/out/tools.raw
check "the tool list ran to its end" grep -q '^==== end ev-ipmievd-help ' /out/tools.raw
ioctl_probe_static /dev/ipmi0 >/out/probe.txt 2>&1
equal "the probe asked everything" 0 $?
rm /dev/ipmi0

load_while_breaking "while transfers are broken off, no answer is wrong or lost" "" lab_load $vipmi 10 100
# QEMU's device takes no ABORT while the controller has the request: a response must just be read.
told() {
	dmesg | grep -q "may have been executed, and is not repeated"
}
break_transfers 400 &
breaker=$!
while kill -0 $breaker 2>/dev/null && ! told; do
	ioctl_load $vipmi oem 4 1000 >/tmp/out 2>&1
done
kill $breaker 2>/dev/null
wait $breaker
check "what may have been executed is not repeated, and the log says so" told
check "the link is up after it" await_up
as_fresh "nothing is left of it"

# A controller that has the request and says nothing: QEMU's device gives it up after 4 s.
check "the controller falls silent" vipmi --target $vipmi chassis fault silence for 3s
ioctl_load $vipmi stay 1 >/dev/null 2>&1 &
asker=$!
usleep 500000
kill -9 $asker $(pidof ioctl_load)
wait $asker
equal "a transfer is under way" 1 "$(status in_flight)"
check "rmmod in the middle of a transfer" rmmod vipmi
check "vipmi.ko finds the interface again" insmod "$module" kcs=0xca2 irq=5
check "and is up when the controller speaks again" await_up
check "rmmod" rmmod vipmi
driver_up
equal "the kernel's driver finds the interface as it was" "$stock" "$(ipmitool raw 6 1 | xargs)"
driver_down

# Half a request (WRITE_START and one byte), left by somebody who is gone.
printf '\141' | dd of=/dev/port bs=1 seek=3235 conv=notrunc 2>/dev/null
printf '\030' | dd of=/dev/port bs=1 seek=3234 conv=notrunc 2>/dev/null
check "vipmi.ko loads without an interrupt" insmod "$module" kcs=0xca2
check "and brings back an interface that was left in the middle of a transfer" await_up
check "rmmod" rmmod vipmi
