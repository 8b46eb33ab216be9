# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 600
# The module comes and goes a hundred times, with programs of both kinds and a node each time: nothing is left.
. /lab/guest/module.sh

rounds=100

round() {
	insmod "$module" && await_up && lab_load $vipmi 3 2 >/dev/null &&
		ioctl_load $vipmi sensor 3 20 >/dev/null &&
		vipmi --target $vipmi node add --name leak >/dev/null &&
		ipmitool -d 1 raw 6 1 >/dev/null || return
	# Every other time the node is there to the end.
	[ $(($1 % 2)) = 0 ] || vipmi --target $vipmi node remove leak || return
	rmmod vipmi
}

i=0
while [ $i -lt 6 ] && round $i; do
	i=$((i + 1))
done
memory /tmp/before
i=0
while [ $i -lt $rounds ] && round $i; do
	i=$((i + 1))
done
equal "insmod, programs, a node, rmmod: $rounds times" $rounds $i
memory /tmp/after

# What leaks once a round leaks a hundred objects.
unleaked /tmp/before /tmp/after $((rounds / 2)) '^kmalloc-[0-9]'
check "the stock driver serves on" ipmitool mc info
