# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
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
	vipmi --target $vipmi raw app send-message 0 0x20 0x18 0xc8 0x20 0 1 0xdf >/tmp/out 2>&1
	check "Send Message is the kernel's own: not carried" test $? -ne 0
	vipmi --target $vipmi status >/out/vipmi-status 2>&1
	vipmi --target $vipmi client list >/out/vipmi-client-list 2>&1
else
	not_ok "the command vipmi is there"
fi

check "100 programs, 50 requests each, all tags equal: $(lab_load $vipmi 100 50)" \
	lab_load $vipmi 100 50
as_fresh "nothing is left of them"

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

note "step $LINENO"; i=0
while [ $i -lt 20 ] && insmod "$module" && await_up && timeout 20 rmmod vipmi; do
note round $i $(cut -d' ' -f1 /proc/uptime)
	i=$((i + 1))
done
equal "insmod and rmmod, 20 times" 20 $i

note "step $LINENO"; i=0
while [ $i -lt 20 ] && insmod "$module" && { lab_load $vipmi 1 8 >/dev/null & } &&
	! rmmod vipmi 2>/dev/null && wait && rmmod vipmi; do
	i=$((i + 1))
done
note "with a program that comes at once: $i of 20 times somebody was there first"
rmmod vipmi 2>/dev/null
check "the stock driver serves on, alone" ipmitool mc info
