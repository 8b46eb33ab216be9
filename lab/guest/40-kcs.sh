# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 900
# vipmid on the KCS registers themselves, with no driver of the kernel's between (mission line 17).
socket=/run/vipmi.sock
load="lab_load $socket"

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

# Ticks of processor time that the agent has used, 100 a second.
agent_ticks() {
	cut -d' ' -f14,15 /proc/$agent/stat | tr ' ' '+' | xargs -I{} sh -c 'echo $(({}))'
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

# 100 commands, ten a second: what the looks at the registers cost.
before=$(agent_ticks)
from=$(cut -d. -f1 /proc/uptime)
i=0
while [ $i -lt 100 ]; do
	vipmi --target $socket raw app get-self-test-results >/dev/null 2>&1
	sleep 0.08
	i=$((i + 1))
done
spent=$(($(agent_ticks) - before)) took=$(($(cut -d. -f1 /proc/uptime) - from))
note "100 commands in $took s: the agent used $spent ticks of 10 ms"
check "at ten commands a second the agent takes less than a tenth of a processor" \
	test $spent -lt $((took * 10))

kill $agent
wait $agent
equal "it ends cleanly" 0 $?
check "its node goes with it" test ! -e /dev/ipmi0
modprobe ipmi_si
modprobe ipmi_devintf
i=0
while [ ! -e /dev/ipmi0 ] && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
equal "the kernel's driver finds the interface as it was" "$stock" "$(ipmitool raw 6 1 | xargs)"
