# SPDX-License-Identifier: BSD-2-Clause
# What the guests share that compare a node of vipmid's (/dev/ipmi9) with one of a plain proxy's
# (/dev/ipmi8), both over the stock driver and one and the same controller.
. /lab/guest/cuse.sh
link=openipmi:/dev/ipmi0
pairs=7

rival_begin() { # [OPTION OF VIPMID...]
	modprobe cuse
	bench-cuse-proxy /dev/ipmi0 ipmi8 &
	proxy=$!
	serve ipmi9 "$@"
	check "the proxy's node serves" ioctl_load /dev/ipmi8 sensor 1 200
	check "vipmid's node serves" ioctl_load /dev/ipmi9 sensor 1 200
}

rival_end() {
	kill $proxy
	end_serving
}

median() { # FILE
	sort -n "$1" | sed -n "$(((pairs + 1) / 2))p"
}

# Rates in turns; leaves the median of the ratios, in hundredths, in $ratio. A rate of nothing counts
# as one a second.
compare() { # KIND PROGRAMS MS
	rm -f /tmp/ratios
	local i=0 theirs ours pair=
	while [ $i -lt $pairs ]; do
		theirs=$(ioctl_load /dev/ipmi8 "$1" "$2" "$3") || not_ok "the proxy's answers are right"
		ours=$(ioctl_load /dev/ipmi9 "$1" "$2" "$3") || not_ok "vipmid's answers are right"
		pair="$pair $theirs/$ours"
		[ "$theirs" -gt 0 ] || theirs=1
		echo $((ours * 100 / theirs)) >>/tmp/ratios
		i=$((i + 1))
	done
	ratio=$(median /tmp/ratios)
	note "$(printf '%-6s %3d programs: %3d.%02d times the proxy%ss rate; proxy/vipmid a second:%s' \
		"$1" "$2" $((ratio / 100)) $((ratio % 100)) "'" "$pair")"
}
