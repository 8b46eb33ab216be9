# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 240
# The kernel's own watchdog driver on a virtual node: it feeds the controller's timer, and when nobody
# feeds it the guest is reset, and only then.
. /lab/guest/module.sh

timer() { # FIELD, as the stock driver sees the controller
	ipmitool mc watchdog get | sed -n "s/^$1: *//p"
}

insmod "$module"
check "vipmi.ko's link is up" await_up
node=$(vipmi --target $vipmi node add --name watchdog)
check "ipmi_watchdog takes the node" \
	modprobe ipmi_watchdog ifnum_to_use=${node#/dev/ipmi} timeout=10 pretimeout=0
check "/dev/watchdog is there" test -c /dev/watchdog
if rmmod vipmi 2>/dev/null; then
	not_ok "vipmi.ko stays while the kernel's watchdog uses it"
else
	ok "vipmi.ko stays while the kernel's watchdog uses it"
fi

exec 8>/dev/watchdog
i=0
while [ $i -lt 16 ]; do
	echo . >&8
	sleep 1
	i=$((i + 1))
done
ok "fed for 16 s, the guest lives at a timeout of 10 s"
note "$(ipmitool mc watchdog get | xargs)"
check "the controller's timer runs" test "$(timer 'Watchdog Timer Is' | cut -c1-7)" = Started
echo V >&8
exec 8>&-
sleep 1
check "and stops when its file is closed properly" \
	test "$(timer 'Watchdog Timer Is' | cut -c1-7)" = Stopped

exec 8>/dev/watchdog
echo . >&8
kernel_log_clean
hand_back
sleep 60
not_ok "unfed, the guest is reset after 10 s"
