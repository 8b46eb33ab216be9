# SPDX-License-Identifier: BSD-2-Clause
# boot: pair
# controller: chassis
# seconds: 900
# One vipmi.ko for two controllers, which differ by their GUIDs: over the kernel's IPMI layer, at the KCS
# registers, and one by each. Nobody gets the other's answers, and what befalls one is not the other's.
. /lab/guest/module.sh
hotmod=/sys/module/ipmi_si/parameters/hotmod

# ---- which one answers

guid_of() { # /dev/vipmiN
	vipmi --target "$1" raw app get-device-guid | sed 's/^00 //' | xargs
}

stock_guid() { # N of /dev/ipmiN
	ipmitool -d "$1" raw 6 8 | xargs
}

second_answers() {
	[ "$(guid_of /dev/vipmi1)" = "$second" ]
}

each_its_own() { # TEXT
	equal "$1: /dev/vipmi0 is the first controller" "$first" "$(guid_of /dev/vipmi0)"
	equal "$1: /dev/vipmi1 is the second" "$second" "$(guid_of /dev/vipmi1)"
}

both_up() {
	for vipmi in /dev/vipmi1 /dev/vipmi0; do
		check "$vipmi is up" await_up
	done
}

# A condition of the other end, for a minute at most.
within_a_minute() { # COMMAND...
	local i=0
	until "$@" >/dev/null 2>&1 || [ $i -ge 300 ]; do
		sleep 0.2
		i=$((i + 1))
	done
	"$@" >/dev/null 2>&1
}

# ---- load

# Programs of every kind at once on the devices and nodes named: what each of them asks has another
# answer at the other controller.
every_way() { # TEXT DEVICE...
	local text=$1 device failed= jobs=
	shift
	for device in "$@"; do
		case $device in
		/dev/vipmi*)
			lab_load "$device" 4 60 >"/tmp/load.a.$(basename "$device")" 2>&1 &
			jobs="$jobs $!"
			;;
		esac
		ioctl_load "$device" guid 4 2000 >"/tmp/load.b.$(basename "$device")" 2>&1 &
		jobs="$jobs $!"
	done
	for job in $jobs; do
		wait "$job" || failed=yes
	done
	if [ -z "$failed" ]; then
		ok "$text: no answer was the other's, or lost"
	else
		not_ok "$text: an answer was the other's, or lost: $(cat /tmp/load.* | xargs)"
	fi
	rm -f /tmp/load.*
}

# ---- lists that cannot be

refused() { # TEXT WORDS PARAMETER...
	local text=$1 words=$2
	shift 2
	if insmod "$module" "$@" 2>/tmp/err; then
		not_ok "$text: it loads"
		rmmod vipmi
	else
		check "$text: $words" sh -c "dmesg | tail -n 4 | grep -q '$words'"
	fi
}

check "there are two controllers" within_a_minute test -e /dev/ipmi1
# The kernel's driver numbers them as it finds them.
below=0,1
grep -q 0xcb2 /sys/class/ipmi/ipmi1/device/params || below=1,0
first=$(stock_guid ${below%,*}) second=$(stock_guid ${below#*,})
check "which differ" test "$first" != "$second"
refused "an interface twice" "names 0 twice" interface=0,1,0
refused "more than eight" "can only take 8" interface=0,1,2,3,4,5,6,7,8
refused "more than eight together" "name 9 controllers, 8 is the most" interface=0,1,2,3,4 kcs=1,2,3,4
refused "an interrupt for one of two" "irq= has 1 values, but kcs= and bt= have 2" kcs=0xca2,0xcb2 irq=5
refused "addresses for none" "address= has 1 values, but kcs= and bt= have 0" address=0x20
refused "registers that the kernel's driver has" "vipmi1: somebody has the registers at 0xcb2" \
	interface=0 kcs=0xcb2
equal "nothing is left of these" "" "$(ls -d /dev/vipmi* /sys/devices/vipmi 2>/dev/null)"

# ---- over the kernel's IPMI layer

check "vipmi.ko loads for two interfaces" insmod "$module" interface=$below merge=0
both_up
equal "each has its own below" "module:ipmi${below%,*} module:ipmi${below#*,}" \
	"$(vipmi=/dev/vipmi0 && status link) $(vipmi=/dev/vipmi1 && status link)"
each_its_own "by the layer"

equal "a node of the first" /dev/ipmi2 "$(vipmi --target /dev/vipmi0 node add --name first)"
equal "a node of the second" /dev/ipmi3 "$(vipmi --target /dev/vipmi1 node add --name second)"
equal "which answer for their controllers" "$first, $second" "$(stock_guid 2), $(stock_guid 3)"
equal "sysfs says whose they are" "first vipmi0 second vipmi1" \
	"$(cat /sys/class/ipmi/ipmi[23]/device/vipmi_name /sys/class/ipmi/ipmi[23]/device/vipmi_controller |
		xargs | awk '{ print $1, $3, $2, $4 }')"
vipmi --target /dev/vipmi1 node add --name first >/tmp/out 2>&1
equal "a name is used once in all: $(head -n 1 /tmp/out)" 3 $?
vipmi --target /dev/vipmi1 node remove 2 >/tmp/out 2>&1
equal "a node is removed at its own controller: $(head -n 1 /tmp/out)" 1 $?
equal "and listed there" "/dev/ipmi3 second" \
	"$(vipmi --target /dev/vipmi1 node list | awk '/ipmi/ { print $1, $2 }')"
every_way "both, all three ways" /dev/vipmi0 /dev/vipmi1 /dev/ipmi2 /dev/ipmi3

# ---- one of them falls silent, is gone, loses its interface

check "the second controller falls silent" vipmi --target /dev/vipmi1 chassis fault silence for 30s
ioctl_load /dev/vipmi1 stay 2 >/dev/null 2>&1 &
waiting=$!
check "who asks it waits" within_a_minute sh -c \
	'lab_load /dev/vipmi1 list status | grep -q "in_flight=1"'
every_way "the first meanwhile" /dev/vipmi0 /dev/ipmi2
check "the second answers again" within_a_minute second_answers
kill -9 $waiting $(pidof ioctl_load)
wait $waiting

note "host: stop direct"
check "the second controller's process is gone" within_a_minute eval '! second_answers'
every_way "the first meanwhile" /dev/vipmi0 /dev/ipmi2
note "host: start direct"
check "it comes again" within_a_minute second_answers
each_its_own "after it"

vipmi=/dev/vipmi1
echo remove,kcs,i/o,0xcb2 >$hotmod
check "the second interface goes: its link is down" await up 0
every_way "the first meanwhile" /dev/vipmi0 /dev/ipmi2
vipmi --target /dev/vipmi0 node add >/tmp/out 2>&1
equal "no node takes its number: $(head -n 1 /tmp/out)" 4 $?
echo add,kcs,i/o,0xcb2,irq=10 >$hotmod
check "it comes again" await_up
each_its_own "after it"
check "and its node answers" test "$(stock_guid 3)" = "$second"
check "rmmod" rmmod vipmi

# ---- a contradiction inside one core (planted; lab/prepare)

insmod /lab/broken/vipmi.ko interface=$below merge=0
both_up
vipmi --target /dev/vipmi0 node add --name first >/dev/null
vipmi --target /dev/vipmi1 node add --name second >/dev/null
ioctl_load /dev/vipmi1 stay 4 >/tmp/stay.second &
second_load=$!
ioctl_load /dev/vipmi0 stay 4 >/tmp/stay.first &
first_load=$!
check "programs are at work on both" await_file up /tmp/stay.second
check "on the first, too" await_file up /tmp/stay.first
vipmi --target /dev/vipmi1 raw 0x30 0xbd >/tmp/out 2>&1
equal "the second's core breaks: $(head -n 1 /tmp/out)" 4 $?
wait $second_load
check "its programs are told: $(tail -n 1 /tmp/stay.second)" grep -q "4 of 4 ended" /tmp/stay.second
check "its node, too" sh -c '! ipmitool -d 3 mc info'
check "the kernel warns, by name" sh -c 'dmesg | grep -q "vipmi1: a contradiction inside"'
equal "once" 1 "$(dmesg | grep -c 'WARNING:')"
check "the first's programs are still at work" kill -0 $first_load
every_way "the first serves on" /dev/vipmi0 /dev/ipmi2
kill -9 $first_load $(pidof ioctl_load)
wait $first_load
vipmi --target /dev/vipmi0 raw 0x30 0xbd >/tmp/out 2>&1
check "when it breaks, too, that is said as well" sh -c 'dmesg | grep -q "vipmi0: a contradiction inside"'
check "rmmod" rmmod vipmi
dmesg -c >/out/warned

# ---- one by each, and at the registers

echo remove,kcs,i/o,0xcb2 >$hotmod
check "vipmi.ko loads for an interface and for registers" \
	insmod "$module" interface=${below%,*} kcs=0xcb2 irq=10 merge=0
both_up
equal "each has its own below" "module:ipmi${below%,*} module:kcs:0xcb2" \
	"$(vipmi=/dev/vipmi0 && status link) $(vipmi=/dev/vipmi1 && status link)"
each_its_own "one by each"
every_way "both" /dev/vipmi0 /dev/vipmi1
check "rmmod" rmmod vipmi

rmmod ipmi_devintf ipmi_si
refused "the same registers twice" "vipmi1: somebody has the registers at 0xca2" kcs=0xca2,3234
check "vipmi.ko loads for two pairs of registers" \
	insmod "$module" kcs=0xca2,0xcb2 irq=5,10 merge=0
both_up
each_its_own "at the registers"
equal "interrupts and registers are theirs" "vipmi0 vipmi0 vipmi0 vipmi1 vipmi1 vipmi1" \
	"$(cat /proc/interrupts /proc/ioports | grep -o 'vipmi[01]$' | sort | xargs)"
modprobe ipmi_devintf
equal "a node of the second" /dev/ipmi0 "$(vipmi --target /dev/vipmi1 node add --name second)"
equal "a node of the first" /dev/ipmi1 "$(vipmi --target /dev/vipmi0 node add --name first)"
every_way "both, all three ways" /dev/vipmi0 /dev/vipmi1 /dev/ipmi0 /dev/ipmi1
equal "their nodes answer for them" "$second, $first" "$(stock_guid 0), $(stock_guid 1)"
check "rmmod frees both" rmmod vipmi
equal "no register, interrupt, device or memory is left" "" \
	"$(grep -h vipmi /proc/ioports /proc/interrupts /proc/vmallocinfo; ls -d /dev/vipmi* /dev/ipmi* 2>/dev/null)"
