# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 900
# memory: 1536
# /dev/vipmi0 in the place of /dev/ipmi0: unmodified programs, static ones and 32-bit ones too, and
# 300 of them at once, where the stock driver has 30.
. /lab/guest/module.sh

insmod "$module"
check "vipmi.ko's link is up" await_up
mv /dev/ipmi0 /dev/stock
ln -s vipmi0 /dev/ipmi0

sh /lab/tools/run.sh /lab/tools/list.txt >/out/tools.raw
check "the tool list ran to its end" grep -q '^==== end ev-ipmievd-help ' /out/tools.raw
ioctl_probe_static /dev/ipmi0 >/out/probe.txt 2>&1
equal "the probe asked everything" 0 $?
ioctl_probe_32 /dev/ipmi0 >/out/probe-32.txt 2>&1
equal "the 32-bit probe asked everything" 0 $?

# 300 programs that read a long list of makers first would need a guest with more memory.
mv /usr/share/misc/enterprise-numbers.txt /tmp/
# The gate opens for all at once.
mkfifo /tmp/gate
printf 'mc info\nexit\n' | ipmitool shell >/tmp/alone 2>&1
i=0
while [ $i -lt 300 ]; do
	{
		read -r _ </tmp/gate
		echo mc info
		echo exit
	} | ipmitool shell >/tmp/shell.$i 2>&1 &
	i=$((i + 1))
done
i=0
while [ "$(status handles)" != 300 ] && [ $i -lt 300 ]; do
	sleep 1
	i=$((i + 1))
done
equal "300 programs have the controller open" 300 "$(status handles)"
lab_load $vipmi list client >/out/clients
exec 9>/tmp/gate
exec 9>&-
wait
same=0 i=0
while [ $i -lt 300 ]; do
	if cmp -s /tmp/alone /tmp/shell.$i; then
		same=$((same + 1))
	else
		diff /tmp/alone /tmp/shell.$i >/out/diff.$i
	fi
	i=$((i + 1))
done
equal "each printed what one prints alone" 300 $same
check "and that is something" grep -q "Firmware Revision" /tmp/alone
as_fresh "nothing is left of them"

ipmievd open nodaemon nopidfile >/tmp/evd 2>&1 &
daemon=$!
await_file Waiting /tmp/evd
ipmitool event 1 >/dev/null 2>&1
check "an event daemon beside them hears of an event" await_file "Upper Critical going high" /tmp/evd
kill $daemon
wait
holds_note
check "rmmod" rmmod vipmi
