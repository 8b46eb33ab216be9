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
# The kernel says who allocated each object that lives: these guests boot with slub_debug=U.

# What file systems keep, and what vmalloc does, comes and goes.
memory_skipped='inode_cache|dentry|radix_tree_node|vmap_area|vm_area_struct|anon_vma'

# Live objects by cache and allocator, then pages that are none of a cache's: "WHO COUNT" a line.
memory_held() {
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/stat_refresh
	awk -v skipped="$memory_skipped" '
		FNR == 1 { split(FILENAME, path, "/"); cache = path[6] }
		/^ *[0-9]+ / && cache !~ skipped {
			who = $2 ~ /^0x/ ? "a-module-that-is-gone" : $2 ($3 ~ /^\[/ ? $3 : "")
			held[cache ":" who] += $1
		}
		END {
			for (who in held) {
				print who, held[who]
			}
		}' /sys/kernel/debug/slab/*/alloc_traces
	awk 'FILENAME ~ /slabinfo/ && FNR > 2 { cached += $6 * $15 }
		/^Slab:/ { slab = $2 / 4 }
		/^Percpu:/ { print "pages-of-processors", $2 / 4 }
		FILENAME ~ /vmallocinfo/ && !/unpurged/ { mapped += $2 / 4096; ours += /vipmi/ }
		END {
			print "pages-of-large-objects", slab - cached
			print "pages-of-vmalloc", mapped
			print "ours-in-vmallocinfo[vipmi]", ours + 0
		}' /proc/slabinfo /proc/meminfo /proc/vmallocinfo
}

# What the kernel holds, and the names in /dev and /sys, once nothing of ours and of its IPMI driver's is
# about to be given back any more (a minute at most).
memory() { # FILE
	local i=0
	memory_held >"$1"
	while [ $i -lt 60 ]; do
		grep '\[' "$1" | sort >/tmp/memory.ours
		sleep 1
		memory_held >"$1"
		! grep '\[' "$1" | sort | cmp -s - /tmp/memory.ours || break
		i=$((i + 1))
	done
	# A slab cache has a name here while it has objects, a process its folder of groups.
	find /dev /sys -path /sys/kernel/slab -prune -o -path /sys/kernel/debug/slab -prune -o \
		-path /sys/fs -prune -o -print | sort >"$1.names"
}

# Who holds more from one memory to the next and again to the third: by so many each time; of modules
# (all of them are ours or the IPMI driver's) by one in all.
grown() { # FIRST SECOND THIRD COUNT COUNT
	awk -v first="$4" -v second="$5" '
		FNR == 1 { file++ }
		{ held[file "/" $1] = $2; names[$1] = 1 }
		END {
			for (name in names) {
				one = held["2/" name] - held["1/" name]
				two = held["3/" name] - held["2/" name]
				if (name ~ /\[|gone/ ? one + two > 0 : one >= first && two >= second) {
					printf "%s +%d +%d ", name, one, two
				}
			}
		}' "$1" "$2" "$3"
}

# Between the first and the second were so many rounds, and so many from there to the third: nothing may
# have grown with them.
unleaked() { # FIRST SECOND THIRD ROUNDS ROUNDS
	cp "$1" "$2" "$3" /out/
	equal "nothing that the kernel holds grew with $4 rounds and again with $5" "" "$(grown "$@")"
	diff "$1.names" "$3.names" >/out/names
	equal "/dev and /sys are as before" "" "$(grep '^[<>]' /out/names | head -n 5 | xargs)"
}
