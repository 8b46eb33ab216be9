# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 10
# seconds: 300
# vipmi.ko over the stock driver: loads, serves, is clean when it goes.
. /lab/guest/module.sh

stock=$(ipmitool raw 6 1)
check "vipmi.ko loads" insmod "$module"
check "/dev/vipmi0 is there, for its group" test "$(stat -c %a $vipmi)" = 660
check "its link is up" await_up
equal "the listing names the interface below" module:ipmi0 "$(status link)"
equal "behind the kernel's driver it does not own the bridge" 0 "$(status raw_bridge)"

if command -v vipmi >/dev/null; then
	check "vipmi status" vipmi --target $vipmi status
	equal "vipmi raw app get-device-id, as the stock driver answers" \
		"$(echo $stock)" "$(vipmi --target $vipmi raw app get-device-id 2>&1 | sed 's/^00 //' | xargs)"
	check "vipmi client list" vipmi --target $vipmi client list
	vipmi --target $vipmi raw app 0x7f >/tmp/out 2>&1
	equal "a completion code is exit status 5" 5 $?
	vipmi --target $vipmi status >/out/vipmi-status 2>&1
	vipmi --target $vipmi client list >/out/vipmi-client-list 2>&1
else
	not_ok "the command vipmi is there"
fi

load "100 programs at once, all tags equal" 100 20
as_fresh "nothing is left of them"

lab_load $vipmi event >/tmp/event1 &
lab_load $vipmi event >/tmp/event2 &
i=0
while ! { grep -q up /tmp/event1 && grep -q up /tmp/event2; } && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
ipmi-raw --driver-type=OPENIPMI 0 4 2 0x41 4 1 1 1 0x57 0x5b 0x55 >/tmp/out 2>&1
wait
equal "an event that another user of the driver makes reaches both subscribers" \
	"04 01 01 01 57 5b 55 04 01 01 01 57 5b 55" \
	"$(cat /tmp/event1 /tmp/event2 | grep -o '04 01 01 01 57 5b 55' | xargs)"

(exec 7<>$vipmi; sleep 3) &
sleep 1
if rmmod vipmi 2>/tmp/err; then
	not_ok "rmmod is refused while the device is open"
else
	ok "rmmod is refused while the device is open ($(cat /tmp/err))"
fi
wait
holds_note
check "rmmod works when it is closed" rmmod vipmi

rounds=0
while [ $rounds -lt 20 ] && insmod "$module" && await_up && rmmod vipmi; do
	rounds=$((rounds + 1))
done
equal "insmod and rmmod, 20 times" 20 $rounds

# A program that comes the moment the device is there, and an rmmod the moment after: whoever is
# first, neither hangs.
rounds=0
while [ $rounds -lt 20 ] && insmod "$module"; do
	lab_load $vipmi 1 8 >/dev/null 2>&1 &
	until rmmod vipmi 2>/dev/null; do
		sleep 0.05
	done
	wait
	rounds=$((rounds + 1))
done
equal "likewise with a program that comes at once" 20 $rounds
check "the stock driver serves on, alone" ipmitool mc info
