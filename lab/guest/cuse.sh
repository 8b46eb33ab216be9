# SPDX-License-Identifier: BSD-2-Clause
# What the guests with nodes of vipmid's share.
socket=/run/ipmi0.sock
link=chassis:seed=7,freeze

# Starts vipmid with these nodes, and waits until they are there.
serve() { # NODE [OPTION...]
	local node=$1 i=0
	shift
	vipmid --link "$link" --socket $socket --cuse "$node" "$@" 2>/out/vipmid.log &
	agent=$!
	while ! grep -qs 'served at' /out/vipmid.log && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
}

end_serving() {
	kill $agent
	wait $agent
}

# A field of the listing "status", or a counter.
status() { # FIELD
	lab_load $socket list status | tr ' ' '\n' | sed -n "s/^$1=//p"
}
