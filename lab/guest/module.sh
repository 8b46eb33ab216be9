# SPDX-License-Identifier: BSD-2-Clause
# What the guests with vipmi.ko share.
module=/lib/modules/$(uname -r)/extra/vipmi.ko
vipmi=/dev/vipmi0

# A field of the listing "status", or a counter.
status() { # FIELD
	lab_load $vipmi list status | tr ' ' '\n' | sed -n "s/^$1=//p"
}

counter() { # NAME
	lab_load $vipmi list counter | sed -n "s/^name=$1 value=\([0-9]*\).*/\1/p"
}

# Programs with requests of their own; every answer must be the asker's.
load() { # TEXT PROGRAMS REQUESTS
	if lab_load $vipmi "$2" "$3" >/tmp/load 2>&1; then
		ok "$1: $(cat /tmp/load)"
	else
		not_ok "$1: $(cat /tmp/load)"
	fi
}

# Programs that ask for ever, in the background; waits until all of them are at it.
stay() { # PROGRAMS
	lab_load $vipmi "$1" stay >/tmp/up &
	while ! grep -q up /tmp/up && kill -0 $! 2>/dev/null; do
		sleep 0.1
	done
}

# Kills all programs of a name, those that one of them was about to start too.
kill_all() { # NAME
	while pidof "$1" >/tmp/pids; do
		kill -9 $(cat /tmp/pids) 2>/dev/null
	done
}

# Waits until a field of the status has a value, ten seconds at most.
await() { # FIELD VALUE
	local i=0
	while [ "$(status "$1")" != "$2" ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ "$(status "$1")" = "$2" ]
}

# The link below is up.
await_up() {
	await up 1
}

# Nothing may be left of programs that are gone: the asker's own connection is all there is.
as_fresh() {
	local i=0
	while [ "$(status clients) $(status handles) $(status requests) $(status queued)" != "1 0 0 0" ] &&
		[ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	equal "$1" "clients 1 handles 0 requests 0 queued 0 in_flight 0 bridged 0 unread 0" \
		"clients $(status clients) handles $(status handles) requests $(status requests) queued $(status queued) in_flight $(status in_flight) bridged $(status bridged) unread $(status unread)"
}

# If somebody wrote 0 there before, so that it was measured.
# The kernel's interface goes under programs that are at work, and comes again.
interface_goes_and_comes() {
	stay 10
	echo "remove,kcs,i/o,0xca2" >/sys/module/ipmi_si/parameters/hotmod
	check "the interface goes: the link is down" await up 0
	# What was with the driver just then fails: one question of the module's, two of vipmid's.
	check "the programs stay, and wait: $(status handles)" test "$(status handles)" -ge 8
	echo "add,kcs,i/o,0xca2" >/sys/module/ipmi_si/parameters/hotmod
	check "it comes again: the link is up" await_up
	check "programs are served again" lab_load $vipmi 5 5
	check "as another epoch" test "$(status epoch)" -gt 1
	kill_all lab_load
	as_fresh "nothing is left of those who waited"
}

holds_note() {
	local ns
	ns=$(cat /sys/module/vipmi/parameters/core_lock_longest_ns)
	[ "$ns" = 0 ] || note "the core's lock was held $ns ns at the longest (emulated CPU)"
}

# ---- what is left behind ----

# What the kernel holds, once nothing can be given back: every slab cache's objects in use, the bytes
# that vmalloc gave, the names in /dev and /sys.
memory() { # FILE
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	echo 3 >/proc/sys/vm/drop_caches
	awk 'NR > 2 { print $1, $2, $5 }' /proc/slabinfo >"$1.slab"
	# What was given back and only not yet forgotten is "unpurged".
	awk '!/unpurged/ { sum += $2 } END { print sum }' /proc/vmallocinfo >"$1.vmalloc"
	grep -c vipmi /proc/vmallocinfo >"$1.ours"
	# A slab cache has a name here while it has objects, a process its folder of groups.
	find /dev /sys -path /sys/kernel/slab -prune -o -path /sys/fs -prune -o -print |
		sort >"$1.names"
}

# What memory found twice: no cache has grown by so many objects, and (but for those of a pattern) by
# more than two slabs, which a processor may keep. What file systems and vmalloc keep for themselves
# comes and goes.
unleaked() { # BEFORE AFTER OBJECTS [PATTERN]
	local grown
	awk 'NR == FNR { before[$1] = $2; next } { print $1, before[$1], $2, $3 }' \
		"$1.slab" "$2.slab" >/out/slab
	grown=$(awk -v most="$3" -v strict="${4:-^$}" '
		$1 !~ /inode_cache|^dentry$|^radix_tree_node$|^filp$|^vm_area|^vmap_area/ &&
		$3 - $2 >= most && ($1 ~ strict || $3 - $2 > 2 * $4) { printf "%s +%d ", $1, $3 - $2 }' /out/slab)
	equal "no slab cache grew by $3 objects" "" "$grown"
	equal "nothing of ours is left in vmallocinfo" "$(cat "$1.ours")" "$(cat "$2.ours")"
	grown=$(($(cat "$2.vmalloc") - $(cat "$1.vmalloc")))
	check "vmalloc holds what it held before ($grown bytes more)" test $grown -lt 65536
	diff "$1.names" "$2.names" >/out/names
	equal "/dev and /sys are as before" "" "$(grep '^[<>]' /out/names | head -n 5 | xargs)"
}
