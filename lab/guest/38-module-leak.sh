# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 900
# kernel: slub_debug=U
# ci: no
# The module comes and goes a hundred times, with programs of both kinds and a node each time: nothing is left.
. /lab/guest/module.sh

round() { # NUMBER
	insmod "$module" && await_up && lab_load $vipmi 3 2 >/dev/null &&
		ioctl_load $vipmi sensor 3 20 >/dev/null &&
		vipmi --target $vipmi node add --name leak >/dev/null &&
		ipmitool -d 1 raw 6 1 >/dev/null || return
	# Every other time the node is there to the end.
	[ $(($1 % 2)) = 0 ] || vipmi --target $vipmi node remove leak || return
	rmmod vipmi
}

done_rounds=0
rounds() { # TIMES
	local i=0
	while [ $i -lt "$1" ] && round $i; do
		i=$((i + 1))
		done_rounds=$((done_rounds + 1))
	done
}

rounds 4
memory /tmp/first
rounds 32
memory /tmp/second
rounds 64
memory /tmp/third
equal "insmod, programs, a node, rmmod: a hundred times" 100 $done_rounds
# What leaks once a round leaks an object or a page for each.
unleaked /tmp/first /tmp/second /tmp/third 16 32
check "the stock driver serves on" ipmitool mc info

# Would a leak be seen? This module has one at each open (lab/prepare).
module=/lab/broken/vipmi.ko
rounds 1
memory /tmp/second
rounds 1
memory /tmp/third
note "planted: $(grown /tmp/first /tmp/second /tmp/third 16 32)"
check "a leak that is planted is found" \
	sh -c "echo '$(grown /tmp/first /tmp/second /tmp/third 16 32)' | grep -q gone"
