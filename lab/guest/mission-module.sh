# SPDX-License-Identifier: BSD-2-Clause
# drivers: none
# Lines of the mission on vipmi.ko, which has the KCS registers (tests/mission/guest.py boots this).
. /lab/guest/module.sh
. /lab/guest/relay.sh

modprobe ipmi_devintf
check "vipmi.ko loads" insmod "$module" kcs=0xca2 irq=5
relay $vipmi
check "nothing holds the module when they are gone" rmmod vipmi
