# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 600
# ci: no
# How fast the module's ways are beside the bare driver, on the same controller in the same guest.
# Medians of seven pairs, one after the other, for the reader: a machine that has other things to do
# decides what they are.
. /lab/guest/module.sh

median() { # FILE
	sort -n "$1" | sed -n 4p
}

# pairs NAME DEVICE PROCESSES OTHER PROCESSES: the first and the other, and the ratio in per cent
pairs() {
	rm -f /tmp/one /tmp/two
	served=0 i=0
	while [ $i -lt 7 ]; do
		lab_rate "$2" "$3" 400 >>/tmp/one && lab_rate "$4" "$5" 400 >>/tmp/two &&
			served=$((served + 1))
		i=$((i + 1))
	done
	equal "$1: every command is answered" 7 $served
	note "$1: $(median /tmp/one) to $(median /tmp/two) commands a second," \
		"$((100 * $(median /tmp/one) / $(median /tmp/two))) %"
}

insmod "$module"
check "vipmi.ko's link is up" await_up
vipmi --target $vipmi node add >/dev/null
# Of the interface's 30 users the module is one.
for processes in 1 8 29; do
	pairs "a node to the bare driver, $processes programs" /dev/ipmi1 $processes /dev/ipmi0 $processes
	pairs "/dev/vipmi0 to the bare driver, $processes programs" $vipmi $processes /dev/ipmi0 $processes
done
pairs "/dev/vipmi0, 256 programs to 30" $vipmi 256 $vipmi 30
check "rmmod" rmmod vipmi
