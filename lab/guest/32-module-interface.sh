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

lab_load $vipmi 10 stay >/tmp/up &
load=$!
sleep 3
echo "remove,kcs,i/o,0xca2" >/sys/module/ipmi_si/parameters/hotmod
sleep 2
equal "the interface goes: the link is down" 0 "$(status up)"
equal "the programs stay, and wait" 10 "$(status handles)"
echo "add,kcs,i/o,0xca2" >/sys/module/ipmi_si/parameters/hotmod
check "it comes again: the link is up" await_up
before=$(status epoch)
check "programs are served again" lab_load $vipmi 5 5
check "as another epoch" test "$before" -gt 1
kill -9 $(pidof lab_load)
wait $load 2>/dev/null
as_fresh "nothing is left of those who waited"
holds_note
check "rmmod" rmmod vipmi
