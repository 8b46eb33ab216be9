# SPDX-License-Identifier: BSD-2-Clause
# The guest whose controller vipmid gives (lab/guests), which is reset, reset by its watchdog and
# powered off by it: three lives. Which one this is, its controller knows.
# Get System Restart Cause: nothing, Chassis Control, the watchdog.
cause=$(ipmitool raw 0 7 | xargs)
note "one: up with restart cause $cause"
case $cause in
"00 00")
	vm_tools one
	check "one: an interrupt a message: more interrupts than the 20 questions" vm_interrupts
	ok "one: resets itself by Chassis Control"
	ipmitool chassis power reset
	sleep 30
	not_ok "one: it was not reset"
	;;
"01 00")
	ok "one: came back after Chassis Control, and its controller knows why"
	equal "one: its GUID is what it was" "$(vm_told guid)" \
		"$(vm_guid)"
	modprobe ipmi_watchdog timeout=40 pretimeout=0 nowayout=1 action=reset
	check "one: the kernel's ipmi_watchdog takes its watchdog" test -e /dev/watchdog
	exec 8>/dev/watchdog
	from=$(cut -d. -f1 /proc/uptime)
	while [ $(($(cut -d. -f1 /proc/uptime) - from)) -lt 45 ]; do
		echo fed >&8
		sleep 2
	done
	ok "one: fed for 45 s, a watchdog of 40 s does nothing"
	equal "one: it runs" running "$(vm_watchdog)"
	sleep 100
	not_ok "one: the watchdog did not reset it"
	;;
"04 00")
	ok "one: came back after its watchdog expired, and its controller knows why"
	check "one: the expiration is shown" sh -c 'ipmitool raw 6 0x25 | cut -c 10-12 | grep -q 10'
	kernel_log_clean
	ok "one: powers itself off by Chassis Control"
	ipmitool chassis power off
	sleep 30
	not_ok "one: it was not powered off"
	;;
*)
	not_ok "one: what brought it up? $cause"
	;;
esac
