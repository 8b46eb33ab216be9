# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# clock: instructions
# ci: no
# seconds: 900
# A node of vipmid's beside a node of a plain proxy, in turns, over the stock driver and one and the
# same controller: rates of many programs at once, and their ratio. The guest's clock counts its
# instructions, so that the guest's own costs are the same on a busy machine.
. /lab/guest/cuse.sh
link=openipmi:/dev/ipmi0
programs=8
pairs=3

modprobe cuse
bench-cuse-proxy /dev/ipmi0 ipmi8 &
proxy=$!
serve ipmi9
check "the proxy's node serves" ioctl_load /dev/ipmi8 sensor 1 200
check "vipmid's node serves" ioctl_load /dev/ipmi9 sensor 1 200

median() { # FILE
	sort -n "$1" | sed -n "$(((pairs + 1) / 2))p"
}

# Rates in turns; leaves the median of the ratios, in hundredths, in $ratio. A rate of nothing counts
# as one a second.
measure() { # KIND MS
	rm -f /tmp/ratios
	local i=0 theirs ours
	while [ $i -lt $pairs ]; do
		theirs=$(ioctl_load /dev/ipmi8 "$1" $programs "$2") || not_ok "the proxy's answers are right"
		ours=$(ioctl_load /dev/ipmi9 "$1" $programs "$2") || not_ok "vipmid's answers are right"
		note "$1: proxy $theirs/s, vipmid $ours/s"
		[ "$theirs" -gt 0 ] || theirs=1
		echo $((ours * 100 / theirs)) >>/tmp/ratios
		i=$((i + 1))
	done
	ratio=$(median /tmp/ratios)
	note "$1, $programs programs, median of $pairs: $((ratio / 100)).$(printf %02d $((ratio % 100))) times the proxy's rate"
}

# What tools do all day. Behind the proxy each takes the others' reservations, and nobody gets on.
measure sdr 1000
check "SDR records: at least three times the proxy's rate" test "$ratio" -ge 300
# One command after the other is as fast as the controller, whoever stands before it.
measure sensor 300
measure oem 300
kill $proxy
end_serving
