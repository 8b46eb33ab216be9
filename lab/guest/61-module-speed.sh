# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 1200
# ci: no
# The module's rates beside the stock driver's, in the same guest and boot, on the same controller,
# with questions that nothing may merge. Seven pairs; in each, both are measured twice in the order
# this, other, other, this, so that what else the machine does falls on both. The median counts.
. /lab/guest/module.sh
. /lab/guest/kcs.sh

pairs=7
turn_ms=500
# Of a rate that has to be equal: the medians of seven such pairs of one and the same way lie so far
# apart, in per cent, on a machine that does nothing else.
noise=4

median() { # FILE
	sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"
}

# Answers a second.
rate() { # DEVICE PROGRAMS
	ioctl_load "$1" oem "$2" $turn_ms 2>>/out/errors ||
		not_ok "$1, $2 programs: an answer was wrong or lost"
}

# How much of one rate the other is: pairs of RATE DEVICE PROGRAMS and of the driver's.
measure() { # RATE DEVICE PROGRAMS OF_DEVICE OF_PROGRAMS
	local done=0 this other
	rm -f /tmp/this /tmp/other /tmp/percent
	while [ $done -lt $pairs ]; do
		this=$($1 "$2" "$3")
		other=$(($(rate "$4" "$5") + $(rate "$4" "$5")))
		this=$((this + $($1 "$2" "$3")))
		echo $((this / 2)) >>/tmp/this
		echo $((other / 2)) >>/tmp/other
		echo $((this * 100 / other)) >>/tmp/percent
		done=$((done + 1))
	done
	note "$(median /tmp/this) a second beside $(median /tmp/other) ($(sort -n /tmp/percent | xargs) %)"
}

compare() { # PERCENT TEXT DEVICE PROGRAMS OF_DEVICE OF_PROGRAMS
	measure rate "$3" "$4" "$5" "$6"
	check "$2: $(median /tmp/percent) %, at least $1" test "$(median /tmp/percent)" -ge "$1"
}

# vipmi is one of the layer's 30 users.
echo 31 >/sys/module/ipmi_msghandler/parameters/max_users
check "vipmi.ko loads" insmod "$module"
check "its link is up" await_up
check "a node" vipmi --target $vipmi node add
ulimit -n 5000

for programs in 1 8 30; do
	compare 80 "node, $programs programs" /dev/ipmi1 $programs /dev/ipmi0 $programs
done
# Each of 256 asks but five times in half a second.
turn_ms=4000
compare $((100 - noise)) "256 clients of /dev/vipmi0 beside 30" $vipmi 256 $vipmi 30
# A program has eighty answers of 5 ms in half a second.
turn_ms=2000
check "the controller takes 5 ms from now on" vipmi --target $vipmi chassis fault late by 5ms
for programs in 1 8 30; do
	compare 95 "node, $programs programs, 5 ms" /dev/ipmi1 $programs /dev/ipmi0 $programs
done
turn_ms=500
check "the controller takes no time any more" vipmi --target $vipmi chassis fault none
check "rmmod" rmmod vipmi

# The module on the registers themselves, without the layer below: who has them changes with each
# turn. For the reader; nothing is asked of it.
registers_rate() { # MODULE PROGRAMS
	local number
	driver_down
	insmod "$1" kcs=0xca2 irq=5 && await_up && modprobe ipmi_devintf &&
		number=$(vipmi --target $vipmi node add | grep -o '[0-9]*$') && rate "/dev/ipmi$number" "$2"
	rmmod ipmi_devintf
	rmmod vipmi
	driver_up
}

for programs in 1 8 30; do
	measure registers_rate "$module" $programs /dev/ipmi0 $programs
	ok "node on the KCS registers, $programs programs: $(median /tmp/percent) %"
done
