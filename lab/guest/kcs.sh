# SPDX-License-Identifier: BSD-2-Clause
# What the guests share in which vipmi has the KCS registers.
rounds=3

middle() { # NUMBER…
	printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"
}

driver_up() { # the kernel's
	modprobe ipmi_si
	modprobe ipmi_devintf
	local i=0
	while [ ! -e /dev/ipmi0 ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ -e /dev/ipmi0 ]
}

driver_down() {
	rmmod ipmi_devintf ipmi_si
}

# Whether answers come as fast as through the kernel's driver, but for three tenths. ours_up, ours_down
# and ours (prints the median of 100 answers, in µs) are the caller's.
as_fast_as_the_driver() { # WHO
	local round=0
	rm -f /tmp/theirs /tmp/ours
	while [ $round -lt $rounds ]; do
		driver_up
		ioctl_load /dev/ipmi0 median 100 1 >>/tmp/theirs
		driver_down
		ours_up
		ours >>/tmp/ours
		ours_down
		round=$((round + 1))
	done
	local theirs ours
	theirs=$(middle $(cat /tmp/theirs)) ours=$(middle $(cat /tmp/ours))
	note "$1: the middle answer after $ours us, through the kernel's driver $theirs us: $((ours * 100 / theirs)) %"
	check "$1: the middle answer comes within 1.3 of the kernel driver's time" \
		test $((ours * 100)) -le $((theirs * 130))
}

# Somebody else writes ABORT to the command register (3235: 0xca3) in the middle of transfers, so that
# the controller breaks them off, as one that has an error does (section 9.13).
break_transfers() { # TIMES
	local i=0
	while [ $i -lt "$1" ]; do
		printf '\140' | dd of=/dev/port bs=1 seek=3235 conv=notrunc 2>/dev/null
		usleep 50000
		i=$((i + 1))
	done
}
