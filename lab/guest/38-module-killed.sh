# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 3000
# ci: no
# memory: 1024
# kernel: slub_debug=U
# kill -9 of 300 programs at work: on the protocol, on the driver's calls, and on twelve nodes. Nothing
# of theirs is left, neither in the core nor in the kernel's memory.
. /lab/guest/module.sh

programs=300
nodes=12

killed() { # PROGRAM
	kill_all "$1"
	wait
}

# 300 at work, each with an answer by then, are killed.
round() { # WAY
	case $1 in
	protocol)
		stay $programs
		killed lab_load
		;;
	calls)
		at_work "$vipmi $programs"
		equal "as many virtual controllers as programs ($1), and the nodes'" \
			$((programs + of_nodes)) "$(status handles)"
		killed ioctl_load
		;;
	nodes)
		for node in $added; do
			echo "$node $((programs / nodes))"
		done >/tmp/nodes
		at_work "$(cat /tmp/nodes)"
		killed ioctl_load
		;;
	esac
}

# Starts programs on devices, and waits until all have had an answer.
at_work() { # "DEVICE COUNT" one a line
	rm -f /tmp/up.*
	echo "$1" | while read -r device count; do
		ioctl_load "$device" stay "$count" >"/tmp/up.${device##*/}" 2>&1 &
	done
	until [ "$(cat /tmp/up.* 2>/dev/null | grep -c up)" = "$(echo "$1" | wc -l)" ]; do
		sleep 0.1
	done
}

# What is asked in their names is not asked any more; a node has a handle of its own.
await_idle() { # HANDLES
	await handles "$1" && await requests 0 && await queued 0 && await in_flight 0
}

# Each way so many times.
rounds() { # TIMES
	local i=0 way
	while [ $i -lt "$1" ]; do
		for way in protocol calls nodes; do
			round $way
			check "$programs killed ($way): nothing is left in the core" await_idle "$of_nodes"
		done
		i=$((i + 1))
	done
}

insmod "$module"
check "vipmi.ko's link is up" await_up
i=0 added=
while [ $i -lt $nodes ]; do
	added="$added $(vipmi --target $vipmi node add)"
	i=$((i + 1))
done
note "nodes:$added"
of_nodes=$(status handles)
rounds 1
memory /tmp/first
rounds 1
memory /tmp/second
rounds 2
memory /tmp/third
# Of what is not ours, an object for each tenth program is too much.
unleaked /tmp/first /tmp/second /tmp/third $((programs / 10)) $((programs / 5))
check "a node serves on" ipmitool -d "${node#/dev/ipmi}" mc info
check "so do the others" lab_load $vipmi 5 5
for node in $added; do
	vipmi --target $vipmi node remove "${node#/dev/ipmi}"
done
as_fresh "the nodes are removed: nothing is left"
check "rmmod" rmmod vipmi

# Would a leak be seen? This module has one at each open (lab/prepare).
insmod /lab/broken/vipmi.ko
await_up
memory /tmp/first
lab_load $vipmi hold 10 >/dev/null
memory /tmp/second
lab_load $vipmi hold 20 >/dev/null
memory /tmp/third
note "planted: $(grown /tmp/first /tmp/second /tmp/third 10 20)"
check "a leak that is planted is found" \
	sh -c "echo '$(grown /tmp/first /tmp/second /tmp/third 10 20)' | grep -q 'program_open.*vipmi'"
check "rmmod" rmmod vipmi
