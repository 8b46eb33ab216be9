# SPDX-License-Identifier: BSD-2-Clause
# What the guests share in which vipmi has the KCS registers.
driver_up() { # the kernel's
	modprobe ipmi_si
	modprobe ipmi_devintf
	local i=0
	while [ ! -e /dev/ipmi0 ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ -e /dev/ipmi0 ]
}

driver_down() {
	rmmod ipmi_devintf ipmi_si
}

# Somebody else writes ABORT to the command register (3235: 0xca3) at any time, so that the controller
# breaks off what is under way, as one that has an error does (section 9.13). Of a response that was
# being read the rest may be the error's code: lab/kcs_break.c says why, and avoids it.
break_transfers() { # TIMES
	local i=0
	while [ $i -lt "$1" ]; do
		printf '\140' | dd of=/dev/port bs=1 seek=3235 conv=notrunc 2>/dev/null
		usleep 50000
		i=$((i + 1))
	done
}

# Load again and again while transfers are broken off, where that can be noticed. DRIVER: a process, if
# it is one.
load_while_breaking() { # TEXT DRIVER LOAD...
	local text=$1 driver=$2 breaker failed=0
	shift 2
	kcs_break 0xca2 20 $driver >/tmp/broken 2>&1 &
	breaker=$!
	while kill -0 $breaker 2>/dev/null; do
		"$@" >/tmp/load 2>&1 || failed=1
		[ $failed = 0 ] || break
	done
	equal "$text: $(cat /tmp/load)" 0 $failed
	wait $breaker
	equal "and some were: $(cat /tmp/broken)" 0 $?
}
