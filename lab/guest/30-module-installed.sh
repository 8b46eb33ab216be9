# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# boot: installed
# drivers: none
# seconds: 180
# What `make install-module` installs (lab/installed): the module that DKMS made, the example for
# modprobe.d, and the rules for udev, which runs here.
. /lab/guest/module.sh
installed=/lab/installed

named() { # NAME: whether udev has given a node this name, or (ten seconds later) not
	local i=0
	while [ ! -e "/dev/vipmi/by-name/$1" ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	readlink -f "/dev/vipmi/by-name/$1"
}

unnamed() { # NAME
	local i=0
	while [ -e "/dev/vipmi/by-name/$1" ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ ! -e "/dev/vipmi/by-name/$1" ]
}

echo "vipmi:x:990:" >>/etc/group
mkdir -p /run/udev
$installed/systemd-udevd --daemon >/tmp/udevd 2>&1
check "udev runs" grep -q "version" /tmp/udevd
equal "and has nothing against the rules" "" "$(grep 60-vipmi /tmp/udevd)"

equal "DKMS' module is the one that is found" "/lib/modules/$(uname -r)/updates/dkms/vipmi.ko" \
	"$($installed/modprobe --show-depends vipmi 2>&1 | sed -n 's/^insmod \([^ ]*vipmi.ko\).*/\1/p')"
check "the driver comes, and vipmi.ko with it, as the example says" $installed/modprobe ipmi_si
check "its link is up" await_up
equal "with the example's options" "0 4096" \
	"$(cat /sys/module/vipmi/parameters/interface /sys/module/vipmi/parameters/max_handles | xargs)"
modprobe ipmi_devintf
$installed/udevadm settle
equal "its group may use the device" "660 root vipmi" "$(stat -c '%a %U %G' $vipmi)"

node=$(vipmi --target $vipmi node add --name tenant)
equal "a node has a name of its own" "$node" "$(named tenant)"
second=$(vipmi --target $vipmi node add --name other)
equal "another another" "$second" "$(named other)"
check "a program uses it by that name" ipmi-raw --driver-type=OPENIPMI \
	--driver-device=/dev/vipmi/by-name/tenant 0 6 1
check "a node is removed" vipmi --target $vipmi node remove tenant
check "its name goes with it" unnamed tenant
equal "the other's stays" "$second" "$(named other)"
check "rmmod takes the other along" rmmod vipmi
check "and its name" unnamed other
check "no device is left" test ! -e $vipmi
$installed/udevadm control --exit
