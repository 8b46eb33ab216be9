# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# drivers: none
# clock: instructions
# seconds: 600
# What vipmi on the KCS registers costs, beside the kernel's driver, which has the interrupt: how long a
# usual question takes, and how much of a processor ten a second do. The guest's clock counts its
# instructions, so that its processor is as fast as a real one; the controller takes its usual 4.5 ms
# for a piece of FRU, and 2 ms for what it does not know.
. /lab/guest/module.sh
. /lab/guest/kcs.sh

rounds=5 socket=/run/vipmi.sock
ways="driver interrupt polled daemon" questions="median median-oem"

middle() { # NUMBER…
	printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"
}

# Whoever has the registers comes, and asks its questions, and goes.
begin() { # WAY
	case $1 in
	driver) driver_up ;;
	interrupt) insmod "$module" kcs=0xca2 irq=5 && await_up ;;
	polled) insmod "$module" kcs=0xca2 && await_up ;;
	daemon)
		vipmid --link kcs:0xca2 --socket $socket >/out/vipmid.log 2>&1 &
		agent=$!
		local i=0
		while ! vipmi --target $socket raw app get-device-id >/dev/null 2>&1 && [ $i -lt 100 ]; do
			sleep 0.1
			i=$((i + 1))
		done
		;;
	esac
}

ask() { # WAY QUESTION PAUSE_MS: the median of a hundred, in µs
	case $1 in
	driver) ioctl_load /dev/ipmi0 "$2" 100 "$3" ;;
	daemon)
		VIPMI_SHIM=/lab/lib/ipmi0.so vipmi --target $socket exec -- \
			ioctl_load_shared /dev/ipmi0 "$2" 100 "$3"
		;;
	*) ioctl_load $vipmi "$2" 100 "$3" ;;
	esac
}

end() { # WAY
	case $1 in
	driver) driver_down ;;
	daemon) kill $agent && wait $agent ;;
	*) rmmod vipmi ;;
	esac
}

# Ticks of 10 ms in which the processor was not idle, for whomever.
ticks() {
	awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

round=0
while [ $round -lt $rounds ]; do
	for way in $ways; do
		begin $way
		for question in $questions; do
			ask $way $question 0 >>/tmp/$question.$way
		done
		end $way
	done
	round=$((round + 1))
done
for question in $questions; do
	theirs=$(middle $(cat /tmp/$question.driver))
	for way in $ways; do
		ours=$(middle $(cat /tmp/$question.$way))
		note "$question, $way: $ours us, $((ours * 100 / theirs)) % of the driver's"
		check "$question, $way: at most 1.3 times what the middle answer takes the kernel's driver" \
			test $((ours * 100)) -le $((theirs * 130))
	done
done

for way in $ways; do
	begin $way
	before=$(ticks) from=$(cut -d. -f1 /proc/uptime)
	ask $way median 95 >/dev/null
	spent=$(($(ticks) - before)) took=$(($(cut -d. -f1 /proc/uptime) - from))
	end $way
	note "$way: 100 commands in $took s cost $spent ticks of 10 ms, whoever asks included"
	check "$way: ten commands a second take less than a tenth of a processor" \
		test $spent -lt $((took * 10))
done
