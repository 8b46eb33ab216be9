# SPDX-License-Identifier: BSD-2-Clause
# controller: qemu
# seconds: 600
# A controller of another maker, QEMU's own: real tools print by way of the daemon and of the module
# what they print without.
. /lab/guest/openipmi.sh

# Not those that print what nobody wrote: FreeIPMI's about channels, ipmitool's about all of a FRU.
grep -E '^(it-(mc-(info|guid|selftest)|sdr-list|sensor|sel-info|fru-print-0|watchdog-get|raw-(unknown|short|lun-1|sensor-none))|fi-(raw|sensors)|oi-(device-id|lun)) ' \
	/lab/tools/list.txt >/tmp/list

tools() { # FILE
	sh /lab/tools/run.sh /tmp/list >"/out/$1"
}

same() { # TEXT FILE
	# Each run has a folder of its own for what it keeps.
	sed 's:/tmp/tmp\.[A-Za-z0-9]*:/tmp/tmp:g' /out/stock >/tmp/stock
	sed 's:/tmp/tmp\.[A-Za-z0-9]*:/tmp/tmp:g' "/out/$2" >/tmp/other
	check "$1" diff /tmp/stock /tmp/other
}

tools stock
check "QEMU's controller answers its $(grep -c . /tmp/list) lines" grep -q 'Device ID' /out/stock

agent_start
check "the daemon's link is up" await_up
VIPMI_SHIM=/lab/lib/ipmi0.so VIA="vipmi --target $vipmi exec --" tools shim
same "by way of the shim and vipmid all print the same" shim
agent_end

vipmi=/dev/vipmi0
check "vipmi.ko loads" insmod "$module"
check "its link is up" await_up
node=$(vipmi --target $vipmi node add)
mv /dev/ipmi0 /dev/ipmi0.real
ln -s "${node#/dev/}" /dev/ipmi0
tools node
rm /dev/ipmi0
same "on one of the module's nodes" node
check "the module goes" rmmod vipmi
