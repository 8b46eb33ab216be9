# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# seconds: 900
# ci: no
# Whatever can go while requests are under way on both processors: a node, the interface below, the
# programs, the module; over and over. Nobody hangs and the kernel says nothing.
. /lab/guest/module.sh

rounds=30
hotmod=/sys/module/ipmi_si/parameters/hotmod

# Six tries a second.
within_a_minute() { # COMMAND...
	local i=0
	until "$@" 2>/dev/null || [ $i -ge 400 ]; do
		sleep 0.15
		i=$((i + 1))
	done
	[ $i -lt 400 ]
}

round() { # NUMBER
	insmod "$module" && await_up && vipmi --target $vipmi node add >/dev/null || return
	: >/tmp/node.up
	: >/tmp/device.up
	ioctl_load /dev/ipmi1 stay 4 >/tmp/node.up 2>&1 &
	ioctl_load $vipmi stay 4 >/tmp/device.up 2>&1 &
	await_file up /tmp/node.up && await_file up /tmp/device.up || return
	case $(($1 % 3)) in
	0) vipmi --target $vipmi node remove 1 || return ;;
	1) echo remove,kcs,i/o,0xca2 >$hotmod ;;
	esac
	kill -9 $(pidof ioctl_load)
	within_a_minute rmmod vipmi || return
	wait
	[ -e /dev/ipmi0 ] || { echo add,kcs,i/o,0xca2 >$hotmod && within_a_minute test -e /dev/ipmi0; }
}

i=0
while [ $i -lt $rounds ] && round $i; do
	i=$((i + 1))
done
equal "a node goes, the interface goes, all are killed, rmmod: $rounds times" $rounds $i
equal "no device is left" "" "$(ls -d /dev/vipmi* /dev/ipmi[1-9]* 2>/dev/null | xargs)"
check "the stock driver serves on" ipmitool mc info
