# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 900
# ci: no
# vipmid on the KCS registers themselves, with no driver of the kernel's between (mission line 17).
socket=/run/vipmi.sock
load="lab_load $socket"
. /lab/guest/kcs.sh

agent_start() {
	vipmid --link kcs:0xca2 --socket $socket --cuse ipmi0 >/out/vipmid.log 2>&1 &
	agent=$!
}

agent_up() {
	local i=0
	while ! vipmi --target $socket raw app get-device-id >/tmp/out 2>&1 && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ $i -lt 100 ]
}

stock=$(ipmitool raw 6 1 | xargs)
vipmid --link kcs:0xca2 --socket $socket >/tmp/refusal 2>&1
equal "while the kernel's driver has the ports, vipmid refuses to start" 1 $?
check "and says what to do" grep -q "rmmod ipmi_si" /tmp/refusal
note "$(cat /tmp/refusal)"

rmmod ipmi_devintf ipmi_si
check "the kernel's driver is gone" test ! -e /dev/ipmi0
modprobe cuse
agent_start
check "vipmid comes up on the ports" agent_up
equal "Get Device ID, as the kernel's driver had it" "$stock" \
	"$(vipmi --target $socket raw app get-device-id | sed 's/^00 //' | xargs)"
equal "reserved sequence numbers reach the bus" 1 \
	"$($load list status | tr ' ' '\n' | sed -n 's/^wire_sequence=//p')"
check "100 programs at once, all tags equal" $load 100 20
note "$(cat /tmp/check.out)"

VIPMI_SHIM=/lab/lib/ipmi0.so VIA="vipmi --target $socket exec --" sh /lab/tools/run.sh /lab/tools/list.txt >/out/tools.raw
check "the tool list ran to its end" grep -q '^==== end ev-ipmievd-help ' /out/tools.raw
# The driver's calls, by a node of vipmid's: a static program cannot be given the shim.
ioctl_probe_static /dev/ipmi0 >/out/probe.txt 2>&1
equal "the probe asked everything" 0 $?
ioctl_probe_32 /dev/ipmi0 >/out/probe-32.txt 2>&1
equal "the 32-bit probe asked everything" 0 $?

load_while_breaking "while transfers are broken off, no answer is wrong or lost" $agent $load 10 100
break_transfers 40 &
breaker=$!
$load 10 100 >/dev/null 2>&1 # what is read meanwhile may be anything
wait $breaker
check "the agent answers after it" agent_up
kill $agent
wait $agent
equal "it ends cleanly" 0 $?
check "its node goes with it" test ! -e /dev/ipmi0
check "the kernel's driver is there again" driver_up
equal "and finds the interface as it was" "$stock" "$(ipmitool raw 6 1 | xargs)"
