# SPDX-License-Identifier: BSD-2-Clause
# boot: moves
# seconds: 600
# ci: no
# A guest that moves from one QEMU to another and back while it asks, whose agent is killed, and whose
# watchdog goes on through all of it (lab/moves). What the host has done it says by an entry in the log
# that all share.
. /lab/guest/vm.sh
cause=$(ipmitool raw 0 7 | xargs)
case $cause in
"00 00")
	before=$(vm_entries)
	modprobe ipmi_watchdog timeout=60 pretimeout=0 nowayout=1 action=reset
	exec 8>/dev/watchdog
	while :; do
		echo fed >&8
		sleep 1
	done 2>/dev/null &
	feeder=$!
	sleep 2
	equal "its watchdog runs" running "$(vm_watchdog)"
	ipmi_steady /dev/ipmi0 /tmp/stop >/tmp/steady &
	steady=$!
	ok "it asks"
	# The entries: it has moved; the agent is another one.
	while [ "$(vm_entries)" = "$before" ]; do
		sleep 1
	done
	touch /tmp/stop
	wait $steady
	note "while it moved: $(cat /tmp/steady)"
	check "no answer was wrong, and none was lost" grep -q "wrong 0 failed 0 " /tmp/steady
	check "it asked a good deal" sh -c '[ "$(cut -d " " -f 2 /tmp/steady)" -gt 100 ]'
	equal "its watchdog goes on" running "$(vm_watchdog)"
	equal "it was never reset" "00 00" "$(ipmitool raw 0 7 | xargs)"
	equal "its GUID is what it was" "$(vm_told guid)" "$(vm_guid)"
	before=$(vm_entries)
	ok "its agent may be killed"
	while [ "$(vm_entries 2>/dev/null)" = "$before" ]; do
		sleep 1
	done
	equal "its watchdog outlived the agent" running "$(vm_watchdog)"
	check "and its enables: interrupts come" vm_interrupts
	kernel_log_clean
	kill $feeder
	ok "it stops feeding its watchdog"
	sleep 100
	not_ok "the watchdog did not reset it"
	;;
"04 00")
	ok "the watchdog reset it, at another QEMU and another agent than those where it was armed"
	;;
*)
	not_ok "what brought it up? $cause"
	;;
esac
