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

stay 10
echo "remove,kcs,i/o,0xca2" >/sys/module/ipmi_si/parameters/hotmod
check "the interface goes: the link is down" await up 0
equal "the programs stay, and wait" 10 "$(status handles)"
echo "add,kcs,i/o,0xca2" >/sys/module/ipmi_si/parameters/hotmod
check "it comes again: the link is up" await_up
before=$(status epoch)
check "programs are served again" lab_load $vipmi 5 5
check "as another epoch" test "$before" -gt 1
kill_all lab_load
as_fresh "nothing is left of those who waited"
holds_note
check "rmmod" rmmod vipmi
