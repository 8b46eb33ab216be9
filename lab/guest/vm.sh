# SPDX-License-Identifier: BSD-2-Clause
# What the two guests of lab/guests share.

# What the kernel's command line says of this guest.
vm_told() { # WORD
	sed -n "s/.*$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

vm_guid() {
	ipmitool raw 6 8 | xargs | tr -d ' '
}

vm_entries() {
	ipmitool sel info | sed -n 's/^Entries *: *//p'
}

vm_watchdog() {
	# Bit 6 of the first byte.
	if [ $((0x$(ipmitool raw 6 0x25 | cut -c 2-3) & 0x40)) -ne 0 ]; then
		echo running
	else
		echo stopped
	fi
}

# Whether the driver's interrupt counts: without it, it would look every 10 ms.
vm_interrupts() {
	local before after i=0
	before=$(sed -n 's/.*: *\([0-9]*\).*ipmi_si.*/\1/p' /proc/interrupts)
	while [ $i -lt 20 ]; do
		ipmitool raw 6 1 >/dev/null
		i=$((i + 1))
	done
	after=$(sed -n 's/.*: *\([0-9]*\).*ipmi_si.*/\1/p' /proc/interrupts)
	echo "interrupts: $before, then $after"
	[ -n "$before" ] && [ $((after - before)) -gt 20 ]
}

# The tools, unmodified, and what must differ from the host. The rest the host compares.
vm_tools() { # NAME
	guid=$(vm_guid)
	check "$1: the kernel's driver is there" test -e /dev/ipmi0
	equal "$1: its GUID is its own" "$(vm_told guid)" "$guid"
	equal "$1: System GUID likewise" "$guid" "$(ipmitool raw 6 0x37 | xargs | tr -d ' ')"
	check "$1: ipmitool mc info" ipmitool mc info
	ipmitool sdr list >/out/sdr 2>&1
	ipmitool fru print 0 >/out/fru 2>&1
	ipmitool sel list >/out/sel 2>&1
	check "$1: ipmitool sdr list has sensors" grep -q degrees /out/sdr
	check "$1: ipmi-sensors" ipmi-sensors --sdr-cache-directory=/tmp
	check "$1: ipmitool chassis status: on" sh -c 'ipmitool chassis status | grep -q "System Power *: on"'
	check "$1: Clear SEL is refused" sh -c '! ipmitool sel clear'
	check "$1: Set LAN Configuration is refused" sh -c '! ipmitool raw 0x0c 1 1 3 1 2 3 4'
	check "$1: a threshold is refused" sh -c '! ipmitool raw 4 0x26 1 8 0 0 0 50 0 0'
	check "$1: ipmitool watchdog get" ipmitool mc watchdog get
	{
		echo "==== archive"
		tar -C /out -cz . | base64
		echo "==== end"
	} >/dev/ttyS1
}
