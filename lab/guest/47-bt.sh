# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# interface: bt
# seconds: 300
# vipmid on the registers of a BT interface, with no driver of the kernel's between.
socket=/run/vipmi.sock
load="lab_load $socket"
. /lab/guest/kcs.sh

agent_start() {
	vipmid --link bt:0xe4 --socket $socket >>/out/vipmid.log 2>&1 &
	agent=$!
}

agent_up() {
	local i=0
	while ! vipmi --target $socket raw app get-device-id >/tmp/out 2>&1 && [ $i -lt 300 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ $i -lt 300 ]
}

stock=$(ipmitool raw 6 1 | xargs)
check "the kernel's driver speaks BT" sh -c 'dmesg | grep -i "ipmi_si.*bt"'
for tool in "sdr list" "sel list" "fru print" "mc info" "-t 0xb4 mc info"; do
	echo "== $tool"
	ipmitool $tool 2>&1
done >/tmp/theirs
vipmid --link bt:0xe4 --socket $socket >/tmp/refusal 2>&1
equal "while the kernel's driver has the ports, vipmid refuses to start" 1 $?
check "and says what to do" grep -q "rmmod ipmi_si" /tmp/refusal
note "$(cat /tmp/refusal)"

driver_down
agent_start
check "vipmid comes up on the ports" agent_up
equal "Get Device ID, as the kernel's driver had it" "$stock" \
	"$(vipmi --target $socket raw app get-device-id | sed 's/^00 //' | xargs)"
equal "reserved sequence numbers reach the bus" 1 \
	"$($load list status | tr ' ' '\n' | sed -n 's/^wire_sequence=//p')"
check "100 programs at once, all tags equal" $load 100 20
note "$(cat /tmp/check.out)"
for tool in "sdr list" "sel list" "fru print" "mc info" "-t 0xb4 mc info"; do
	echo "== $tool"
	VIPMI_SHIM=/lab/lib/ipmi0.so vipmi --target $socket exec -- ipmitool $tool 2>&1
done >/tmp/ours
check "the tools print what they print on the kernel's driver" diff /tmp/theirs /tmp/ours

# A response that is not fetched, and half a request, left by somebody who is gone: an agent that is
# killed in the middle of its transfers. 228 (0xe4): the control register, 229 the data's.
$load 10 stay >/dev/null 2>&1 &
asker=$!
sleep 1
kill -9 $agent
wait $agent $asker
printf '\007' | dd of=/dev/port bs=1 seek=229 conv=notrunc 2>/dev/null
agent_start
check "vipmid comes up on an interface that was left in the middle of a transfer" agent_up

# A controller that has the request and says nothing.
check "the controller falls silent" vipmi --target $socket chassis fault silence for 3s
vipmi --target $socket raw app get-device-id >/tmp/out 2>&1
check "the agent answers after it" agent_up
check "10 programs at once" $load 10 20

kill $agent
wait $agent
equal "it ends cleanly" 0 $?
check "the kernel's driver is there again" driver_up
equal "and finds the interface as it was" "$stock" "$(ipmitool raw 6 1 | xargs)"
