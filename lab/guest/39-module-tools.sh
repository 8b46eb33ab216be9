# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 7000
# ci: no
# memory: 1024
# The whole tool list on 32 nodes at once; the host compares each output with the stock driver's.
. /lab/guest/module.sh

nodes=32
list=/lab/tools/list.txt

# Lines of the list, from one to another.
lines() { # FIRST LAST
	sed -n "/^$1 /,/^$2 /p" $list
}

# Reads, and the enables, which each node has to itself, on all of them at once. Likewise, but by
# themselves, questions to responders that are not there: over the kernel's layer each keeps one of the
# bus's eight places for ten seconds, and who asks others meanwhile has no more time than that.
# What changes the one controller below (its SEL, thresholds, watchdog timer, boot flags, users, clock,
# FRU), and the events, which every node sees, on one node after the other: each line finds what those
# before it left.
nobody='^(it-bridge-(30-raw|30-info|30-unknown|7e-raw)|fi-raw-bridge-(30|none)) '
grep -E "$nobody" $list >/tmp/nobody
{ lines it-mc-info oi-device-9; grep '^ch-enables ' $list; } | grep -vE "$nobody" >/tmp/at-once
{ lines ch-sel-clear ch-thresh-back; lines ch-watchdog-set ev-ipmievd-help; } >/tmp/in-turn
equal "each line of the list is in one of the three" "$(grep '^[a-z]' $list | sort | md5sum)" \
	"$(cat /tmp/at-once /tmp/nobody /tmp/in-turn | grep '^[a-z]' | sort | md5sum)"

# Every other node begins with another tool, so that what is asked at one time differs.
cat >/tmp/at-once.sh <<'END'
kinds='it-* fi-* oi-* ch-*'
[ $(($1 % 2)) = 0 ] || kinds='ch-* fi-* oi-* it-*'
set -f
for kind in $kinds; do
	sh /lab/tools/run.sh /tmp/at-once "$kind"
done
END
# FreeIPMI has cached the SDRs by then, as in the oracle. Events of other nodes' turns go to whoever
# subscribes first, and ipmitool would take them for answers.
sed -i '1i before-turn ipmi-sensors --driver-type=OPENIPMI && ipmitool -I open raw 6 1' /tmp/in-turn
echo 'sh /lab/tools/run.sh /tmp/in-turn' >/tmp/in-turn.sh
echo 'sh /lab/tools/run.sh /tmp/nobody' >/tmp/nobody.sh

# As one for whom node N is /dev/ipmi0, with no other and with a home of his own.
on_node() { # N SCRIPT
	SECONDS_MAX=1800 unshare -m sh -c 'mount --bind /tmp/dev.$0 /dev &&
		mount -t tmpfs home /root && exec sh "$1" "$0"' "$1" "$2" >>/out/tools-"$1".raw 2>&1
}

on_all() { # SCRIPT
	local i=1
	while [ $i -le $nodes ]; do
		on_node $i "$1" &
		i=$((i + 1))
	done
	wait
}

# ipmitool reads the whole file of makers' numbers at each start, which takes longer than all else that
# it does. One of them is asked for.
numbers=/usr/share/misc/enterprise-numbers.txt
{ sed '/^0$/,$d' $numbers; grep -A 3 '^7154$' $numbers; } >/tmp/numbers
cp /tmp/numbers $numbers

insmod "$module"
check "vipmi.ko's link is up" await_up
check "the FRU is kept" ipmitool fru read 0 /tmp/fru
i=1
while [ $i -le $nodes ]; do
	vipmi --target $vipmi node add >>/out/added 2>&1
	mkdir /tmp/dev.$i
	cp -a /dev/. /tmp/dev.$i/
	rm /tmp/dev.$i/ipmi*
	cp -a /dev/ipmi$i /tmp/dev.$i/ipmi0
	i=$((i + 1))
done
equal "$nodes nodes" $nodes "$(ls /dev/ipmi* | grep -c 'ipmi[1-9]')"

on_all /tmp/at-once.sh
on_all /tmp/nobody.sh
note "at once: until $(cut -d. -f1 /proc/uptime) s"
i=1
while [ $i -le $nodes ]; do
	on_node $i /tmp/in-turn.sh
	# What the list leaves other than it was.
	ipmitool fru write 0 /tmp/fru >/dev/null
	ipmitool sensor thresh "Cpu Temp" unc 80 >/dev/null
	i=$((i + 1))
done
note "in turn: until $(cut -d. -f1 /proc/uptime) s"
equal "all lines ran on all nodes" $((nodes * $(grep -c '^[a-z]' $list))) \
	"$(cat /out/tools-*.raw | grep -v before-turn | grep -c '^==== end ')"
holds_note
check "rmmod takes all nodes along" rmmod vipmi
