# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 600
# The module comes and goes a hundred times, with programs and a node each time: nothing is left.
. /lab/guest/module.sh

rounds=100

# Cache and objects in use, of the general caches; bytes that vmalloc gave.
memory() { # FILE
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '/^kmalloc/ { print $1, $2 }' /proc/slabinfo >"$1.slab"
	awk '{ sum += $2 } END { print sum }' /proc/vmallocinfo >"$1.vmalloc"
	grep -c vipmi /proc/vmallocinfo >"$1.ours"
}

round() {
	insmod "$module" && await_up && lab_load $vipmi 3 2 >/dev/null &&
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

equal "nothing of ours is left in vmallocinfo" 0 "$(cat /tmp/after.ours)"
grown=$(($(cat /tmp/after.vmalloc) - $(cat /tmp/before.vmalloc)))
check "vmalloc holds what it held before ($grown bytes more)" test $grown -lt 65536
# What leaks once a round leaks a hundred objects.
awk 'NR == FNR { before[$1] = $2; next } { print $1, before[$1], $2 }' \
	/tmp/before.slab /tmp/after.slab >/out/slab
leaked=$(awk -v most=$((rounds / 2)) '$3 - $2 >= most { printf "%s +%d ", $1, $3 - $2 }' /out/slab)
equal "no kmalloc cache grew by an object a round" "" "$leaked"
equal "no device is left" "" "$(ls -d /dev/vipmi* /dev/ipmi[1-9]* /sys/devices/vipmi* 2>/dev/null | xargs)"
check "the stock driver serves on" ipmitool mc info
