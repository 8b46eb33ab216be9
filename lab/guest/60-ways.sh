# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 600
# ci: no
# What each way in costs: the same questions, which nothing may merge, beside the stock driver alone
# in the same guest, in turn. The controller has no service time, so that nothing hides the way's own
# cost.
. /lab/guest/module.sh

rounds=7
socket=/run/ipmi0.sock

median() { # NUMBER…
	printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"
}

# Answers a second by one way in.
rate() { # WAY PROGRAMS
	case $1 in
	stock) ioctl_load /dev/ipmi0 oem "$2" 500 ;;
	socket) lab_load $socket rate "$2" 500 ;;
	shim) VIPMI_SHIM=/lab/lib/ipmi0.so vipmi --target $socket exec -- ioctl_load_shared /dev/ipmi0 oem "$2" 500 ;;
	cuse) ioctl_load /dev/ipmi9 oem "$2" 500 ;;
	module-socket) lab_load $vipmi rate "$2" 500 ;;
	module-ioctl) ioctl_load $vipmi oem "$2" 500 ;;
	module-node) ioctl_load /dev/ipmi1 oem "$2" 500 ;;
	esac
}

# All ways in turn, several times over; the middle one of each counts.
compare() { # PROGRAMS WAY…
	local programs=$1 way round
	shift
	rm -f /tmp/rate.*
	round=0
	while [ $round -lt $rounds ]; do
		for way; do
			rate "$way" "$programs" >>"/tmp/rate.$way" 2>>/out/errors ||
				not_ok "$way, $programs programs: an answer was wrong or lost"
		done
		round=$((round + 1))
	done
	stock=$(median $(cat /tmp/rate.stock))
	for way; do
		now=$(median $(cat "/tmp/rate.$way"))
		note "$(printf '%-13s %2d programs %6d a second, %3d %% of the stock driver' "$way" \
			"$programs" "$now" $((now * 100 / stock)))"
		[ "$now" -gt 0 ] || not_ok "$way answers"
	done
}

modprobe cuse
vipmid --link openipmi:/dev/ipmi0 --socket $socket --cuse ipmi9 2>/out/vipmid.log &
agent=$!
i=0
while [ ! -c /dev/ipmi9 ] && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
check "the daemon's node is there" test -c /dev/ipmi9
for programs in 1 8; do
	compare $programs stock socket shim cuse
done
kill $agent
wait $agent

check "vipmi.ko loads" insmod "$module"
check "its link is up" await_up
check "a node" vipmi --target $vipmi node add
for programs in 1 8; do
	compare $programs stock module-socket module-ioctl module-node
done
ok "each way was measured"
