# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# drivers: none
# seconds: 400
# vipmid on the kernel's own driver: a device that comes late, is full, goes and comes again; every
# kind of address that a program can use; events and requests from the bus.
. /lab/guest/openipmi.sh

# A device that appears later than the agent.
agent_start
check "without a device the agent runs" await_file "is the driver loaded" /out/vipmid.log
equal "and its link is down" 0 "$(status up)"
modprobe ipmi_si
modprobe ipmi_devintf
check "the driver comes later: the link is up" await_up
check "100 programs at once, all tags equal" lab_load $vipmi 100 20

# The same program on the driver itself and by way of vipmid: what it says has to be the same.
alike() { # TEXT COMMAND...
	local text=$1
	shift
	"$@" >/tmp/direct 2>&1
	shimmed "$@" >/tmp/ours 2>&1
	equal "$text: $(tail -n 1 /tmp/direct)" "$(cat /tmp/direct)" "$(cat /tmp/ours)"
}
alike "the controller" openipmicmd -k "0f 00 06 01" smi 0
alike "a card on the IPMB" openipmicmd -k "00 b4 00 06 01" smi 0
alike "a card by a broadcast" openipmicmd -k "00 00 b4 00 06 01" smi 0
alike "another of the controller's LUNs" openipmicmd -k "0f 02 06 01" smi 0
alike "an address where nobody is" openipmicmd -k "00 72 00 06 01" smi 0
alike "a channel that is no bus" openipmicmd -k "05 b4 00 06 01" smi 0
alike "a session of a LAN" openipmicmd -k "01 lan 1 81 20 00 06 01" smi 0
check "and nothing of it is taken for an answer" grep -qi "error\|rejected\|invalid" /tmp/ours

# Events, and requests from the bus, as programs ask for them.
lab_load $vipmi event >/tmp/event &
event=$!
check "a program subscribes" await_file up /tmp/event
ipmitool event 1 >/dev/null 2>&1
wait $event
equal "another user's event reaches it: $(tail -n 1 /tmp/event)" 0 $?
lab_load $vipmi answer 0x30 0x42 >/tmp/answer &
answer=$!
check "a program takes the right to receive" await_file up /tmp/answer
# The card at B4h forwards Send Message: netFn 30h and LUN 2 to 20h, from B4h, sequence 1, 42h.
check "the card asks" ipmitool -t 0xb4 raw 6 0x34 0 0x20 0xc2 0x1e 0xb4 4 0x42 0x06
wait $answer
equal "and is answered: $(tail -n 1 /tmp/answer)" 0 $?

# The driver is in maintenance mode (2) while a program wants it, however that one ends.
await_mode() { # MODE
	local i=0
	while [ "$(ioctl_load /dev/ipmi0 mode)" != "$1" ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ "$(ioctl_load /dev/ipmi0 mode)" = "$1" ]
}
for program in 1 2; do
	shimmed ioctl_load_shared /dev/ipmi0 maintain >/tmp/maintain-$program 2>&1 &
	check "program $program wants maintenance mode" await_file '^[0-9]*$' /tmp/maintain-$program
done
check "the driver is in it" await_mode 2
equal "another program is not, for itself" 0 "$(shimmed ioctl_load_shared /dev/ipmi0 mode)"
check "and is served" shimmed ipmitool mc info
kill -9 "$(cat /tmp/maintain-1)"
check "one is killed, one is left" sh -c '! kill -0 $(cat /tmp/maintain-1) 2>/dev/null'
check "it still is" await_mode 2
kill -9 "$(cat /tmp/maintain-2)"
check "both are gone: it is automatic again" await_mode 0
shimmed ioctl_load_shared /dev/ipmi0 maintain >/tmp/maintain-3 2>&1 &
check "a third wants it" await_mode 2
kill -9 $agent
wait $agent
kill -9 "$(cat /tmp/maintain-3)"
rm /out/vipmid.log
agent_start
check "vipmid was killed meanwhile: the next one says so" \
	await_file "was left in maintenance mode" /out/vipmid.log
check "and it is automatic again" await_mode 0

# More than the driver takes of one user: it says EBUSY, we ask again, and programs hear nothing of it.
agent_end
messages=/sys/module/ipmi_msghandler/parameters/max_msgs_per_user
before=$(cat $messages)
echo 1 >$messages
agent_start "openipmi:/dev/ipmi0,window=16"
check "the link is up" await_up
check "a driver that takes one message: 100 programs, all answers" lab_load $vipmi 100 20
check "it had to be asked again" test "$(counter transmissions_refused)" -gt 0
echo "$before" >$messages
agent_end

# A device that is full, from the first user to the 30th.
mkfifo /tmp/end
(
	n=10
	while [ $n -lt 40 ]; do
		eval "exec $n<>/dev/ipmi0"
		n=$((n + 1))
	done
	echo up >/tmp/full
	read -r _ </tmp/end
) 2>/dev/null &
full=$!
check "30 users have the device" await_file up /tmp/full
agent_start
check "the 31st is told, and so is our reader" await_file "as many users as it admits" /out/vipmid.log
equal "the link is down" 0 "$(status up)"
echo >/tmp/end
wait $full
check "they go: the link is up" await_up

# A controller that restarts says so for a while (D2h), to us as to the driver's other users.
check "a program resets the controller" shimmed ipmitool mc reset cold
i=0
while ! vipmi --target $vipmi raw storage read-fru-data 0 0 0 5 >/tmp/out 2>&1 && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
check "programs are served after that" lab_load $vipmi 20 10

interface_goes_and_comes

agent_end
equal "it ends cleanly" 0 $?
