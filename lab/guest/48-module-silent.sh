# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 300
# vipmi.ko is to go while the controller below says nothing. The kernel's layer keeps a message for as
# long as its own driver tries; the module waits for that, and for nothing else.
. /lab/guest/module.sh

# An answer of the stock driver's, in two minutes at most.
stock_answers() {
	local i=0
	until ipmitool mc info >/dev/null 2>&1 || [ $i -ge 120 ]; do
		sleep 1
		i=$((i + 1))
	done
	ipmitool mc info >/dev/null 2>&1
}

insmod "$module"
check "vipmi.ko's link is up" await_up
stay 30
check "the controller falls silent" vipmi --target $vipmi chassis fault silence for 20s
check "a question is with it" await in_flight 1
kill_all lab_load
began=$(cut -d. -f1 /proc/uptime)
check "rmmod ends" timeout 60 rmmod vipmi
took=$(($(cut -d. -f1 /proc/uptime) - began))
check "before the controller speaks again: after $took s" test $took -lt 15
check "nothing of it is left" test ! -e $vipmi
check "the stock driver has the controller again" stock_answers
check "vipmi.ko can come again" insmod "$module"
check "its link is up" await_up
check "and serves" lab_load $vipmi 10 10
check "rmmod" rmmod vipmi
