# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 900
# ci: no
# The module's rates beside the stock driver's, in the same guest and boot, on the same controller,
# with questions that nothing may merge: the median of seven pairs, each measured back to back.
. /lab/guest/module.sh

pairs=7

median() { # FILE
	sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"
}

# Answers a second.
rate() { # DEVICE PROGRAMS MS
	ioctl_load "$1" oem "$2" "$3" 2>>/out/errors ||
		not_ok "$1, $2 programs: an answer was wrong or lost"
}

# How much of one rate the other is.
compare() { # PERCENT TEXT MS DEVICE PROGRAMS OF_DEVICE OF_PROGRAMS
	local least=$1 text=$2 ms=$3 device=$4 programs=$5 of=$6 of_programs=$7 pair=0 this other
	rm -f /tmp/this /tmp/other /tmp/percent
	while [ $pair -lt $pairs ]; do
		other=$(rate "$of" "$of_programs" "$ms")
		this=$(rate "$device" "$programs" "$ms")
		echo "$other" >>/tmp/other
		echo "$this" >>/tmp/this
		echo $((this * 100 / other)) >>/tmp/percent
		pair=$((pair + 1))
	done
	note "$text: $(median /tmp/this) a second beside $(median /tmp/other) ($(sort -n /tmp/percent | xargs) %)"
	check "$text: $(median /tmp/percent) %, at least $least" \
		test "$(median /tmp/percent)" -ge "$least"
}

# vipmi is one of the layer's 30 users.
echo 31 >/sys/module/ipmi_msghandler/parameters/max_users
check "vipmi.ko loads" insmod "$module"
check "its link is up" await_up
check "a node" vipmi --target $vipmi node add
ulimit -n 5000

for programs in 1 8 30; do
	compare 80 "node, $programs programs" 1000 /dev/ipmi1 $programs /dev/ipmi0 $programs
done
compare 100 "256 clients of /dev/vipmi0 beside 30" 1000 $vipmi 256 $vipmi 30
check "the controller takes 5 ms from now on" vipmi --target $vipmi chassis fault late by 5ms
for programs in 1 8 30; do
	compare 95 "node, $programs programs, 5 ms" 1000 /dev/ipmi1 $programs /dev/ipmi0 $programs
done
check "rmmod" rmmod vipmi
