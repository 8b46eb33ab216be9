# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 1000
# seconds: 600
# memory: 1024
# The kernel's own watchdog driver on a virtual node: it feeds the controller's timer while 300 programs
# are at work, though one round of all of them takes longer than the driver's patience (12 s); when whoever
# feeds it is killed the guest is reset, and only then.
. /lab/guest/module.sh

timer() { # FIELD, as the stock driver sees the controller
	ipmitool mc watchdog get | sed -n "s/^$1: *//p"
}

# Once a second, for ever.
feed() {
	exec 8>/dev/watchdog
	while echo . >&8; do
		echo fed >>/tmp/fed
		sleep 1
	done
}

await_fed() { # TIMES
	while [ "$(wc -l </tmp/fed)" -lt "$1" ]; do
		kill -0 $feeder || return
		sleep 0.2
	done
}

# Reads that were merged would be a shorter round.
insmod "$module" merge=0
check "vipmi.ko's link is up" await_up
node=$(vipmi --target $vipmi node add --name watchdog)
check "ipmi_watchdog takes the node" modprobe ipmi_watchdog ifnum_to_use=${node#/dev/ipmi} \
	timeout=30 pretimeout=26 preaction=pre_int preop=preop_give_data
check "/dev/watchdog is there" test -c /dev/watchdog
if rmmod vipmi 2>/dev/null; then
	not_ok "vipmi.ko stays while the kernel's watchdog uses it"
else
	ok "vipmi.ko stays while the kernel's watchdog uses it"
fi

exec 8<>/dev/watchdog
echo . >&8
# Four seconds after it was fed it gives a byte to read.
check "what comes before the time-out reaches the node's watchdog" \
	timeout 30 sh -c 'dd bs=1 count=1 <&8 2>/dev/null | grep -q .'
echo . >&8
check "the controller's timer runs" test "$(timer 'Watchdog Timer Is' | cut -c1-7)" = Started
echo V >&8
exec 8>&-
i=0
until [ "$(timer 'Watchdog Timer Is' | cut -c1-7)" = Stopped ] || [ $i -gt 20 ]; do
	sleep 0.1
	i=$((i + 1))
done
check "and stops when its file is closed properly" test $i -le 20

# The rest has nothing before the time-out.
echo 0 >/sys/module/ipmi_watchdog/parameters/pretimeout
stay 300
: >/tmp/fed
feed &
feeder=$!
check "fed 40 times, the guest lives at a time-out of 30 s" await_fed 40
kernel_log_clean
hand_back
kill -9 $feeder
sleep 120
not_ok "unfed, the guest is reset after 30 s, whatever the others ask"
