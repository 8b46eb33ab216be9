# SPDX-License-Identifier: BSD-2-Clause
# controller: guest
# drivers: none
# clock: instructions
# seconds: 1500
# The transcripts of the core, played on the module: programs on /dev/vipmi0 and the controller behind
# the KCS device are one program. What cannot hold over the kernel's IPMI layer stands in
# tests/scenario/cannot-on-layer.txt, and must not hold.
cd /lab/scenario || exit
cat >/tmp/before <<'END'
modprobe ipmi_si
modprobe ipmi_devintf
until [ -e /dev/ipmi0 ]; do
	sleep 0.1
done
END
cat >/tmp/agent <<'END'
rmmod vipmi 2>/dev/null
insmod /lib/modules/$(uname -r)/extra/vipmi.ko max_handles=$HANDLES window=$WINDOW
END
scenario_agent --target /dev/vipmi0 --controller /dev/ttyS2 --before "sh /tmp/before" \
	--agent "sh /tmp/agent" --except cannot-on-layer.txt --print /out/print --spin --patience 400 \
	transcripts/[1-9]-*.scenario transcripts/1?-*.scenario >/dev/ttyS1 2>&1
rmmod vipmi
