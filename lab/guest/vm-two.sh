# SPDX-License-Identifier: BSD-2-Clause
# The guest beside vm-one, of whose resets it must notice nothing. The host ends it by an entry in
# the log that all share.
before=$(vm_entries)
vm_tools two
mkfifo /tmp/events
ipmievd open nodaemon >/tmp/ipmievd 2>&1 &
modprobe ipmi_watchdog timeout=120 pretimeout=0 nowayout=0 action=reset
exec 8>/dev/watchdog
questions=0 wrong=0
while [ "$(vm_entries)" = "$before" ] && [ $questions -lt 2000 ]; do
	echo fed >&8
	[ "$(vm_guid)" = "$guid" ] || wrong=$((wrong + 1))
	questions=$((questions + 1))
	sleep 0.5
done
note "two: asked $questions times"
equal "two: every time it was its own controller that answered" 0 $wrong
equal "two: it was never reset" "00 00" "$(ipmitool raw 0 7 | xargs)"
equal "two: its own watchdog runs" running "$(vm_watchdog)"
printf V >&8 # the magic close: the timer stops
exec 8>&-
equal "two: and stops when it is told to" stopped "$(vm_watchdog)"
sleep 2
note "two: ipmievd: $(tail -n 1 /tmp/ipmievd)"
check "two: the host's event reached it, by the attention signal" grep -q -i "temp" /tmp/ipmievd
