# SPDX-License-Identifier: BSD-2-Clause
# controller: ipmi_sim
# drivers: none
# seconds: 180
# The interface below comes after the module, goes while programs are at work, and comes again.
. /lab/guest/module.sh

modprobe ipmi_msghandler
check "vipmi.ko loads before any interface is there" insmod "$module"
equal "its link is down" 0 "$(status up)"
modprobe ipmi_si
check "the interface comes: the link is up" await_up
check "programs are served" lab_load $vipmi 10 10

interface_goes_and_comes
holds_note
check "rmmod" rmmod vipmi
