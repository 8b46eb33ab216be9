# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# interface: bt
# seconds: 600
# vipmi.ko on the registers of a BT interface, with its interrupt and without, and ipmi_si unloaded.
. /lab/guest/module.sh
. /lab/guest/kcs.sh

tools() { # DEVICE NUMBER
	local tool
	for tool in "sdr list" "sel list" "fru print" "mc info" "-t 0xb4 mc info"; do
		echo "== $tool"
		ipmitool -d "$1" $tool 2>&1
	done
}

port() { # NUMBER OCTAL...: bytes for it
	local number=$1 byte
	shift
	for byte in "$@"; do
		printf "\\$byte" | dd of=/dev/port bs=1 seek="$number" conv=notrunc 2>/dev/null
	done
}

interrupts() {
	sed -n 's/^ *5: *\([0-9]*\) *\([0-9]*\).*/\1 \2/p' /proc/interrupts | { read -r a b && echo $((a + b)); }
}

stock=$(ipmitool raw 6 1 | xargs)
check "the kernel's driver speaks BT" sh -c 'dmesg | grep -i "ipmi_si.*bt"'
tools 0 >/tmp/theirs
insmod "$module" bt=0xe4 >/tmp/out 2>&1
equal "while the kernel's driver has the ports, vipmi.ko does not load" 16 $?
check "and says what to do" sh -c 'dmesg | grep -q "rmmod ipmi_si first"'
rmmod ipmi_si

for irq in 5 0; do
	way="interrupt $irq"
	check "$way: vipmi.ko loads" insmod "$module" bt=0xe4 irq=$irq
	check "$way: it comes up on the registers" await_up
	equal "$way: the listing names what is below" module:bt:0xe4 "$(status link)"
	equal "$way: reserved sequence numbers reach the bus" 1 "$(status wire_sequence)"
	[ $irq = 0 ] || before=$(interrupts)
	load "$way: 100 programs at once, all tags equal" 100 20
	if [ $irq != 0 ]; then
		came=$(($(interrupts) - before))
		check "$way: it comes ($came times for 2,000 answers)" test $came -gt 100
	fi
	equal "$way: a node" /dev/ipmi0 "$(vipmi --target $vipmi node add 2>&1)"
	tools 0 >/tmp/ours
	check "$way: on it the tools print what they print on the kernel's driver" diff /tmp/theirs /tmp/ours
	check "$way: the controller falls silent" vipmi --target $vipmi chassis fault silence for 3s
	vipmi --target $vipmi raw app get-device-id >/tmp/out 2>&1
	check "$way: the link is up after it" await_up
	load "$way: programs are served again" 10 20
	vipmi --target $vipmi node remove 0
	as_fresh "$way: nothing is left of them"
	check "$way: rmmod" rmmod vipmi
done

# A response that is not fetched, and half a request, left by somebody who is gone: 228 (0xe4) is the
# control register, 229 the data's.
port 228 001
port 229 003 030 001 001
port 228 004
sleep 0.5
port 228 001
port 229 007
check "vipmi.ko loads on an interface that was left in the middle" insmod "$module" bt=0xe4 irq=5
check "and comes up" await_up
check "rmmod" rmmod vipmi
check "the kernel's driver is there again" driver_up
equal "and finds the interface as it was" "$stock" "$(ipmitool raw 6 1 | xargs)"
