# SPDX-License-Identifier: BSD-2-Clause
# drivers: none
# Lines of the mission on vipmid, which has the KCS registers; no driver of the kernel's is loaded.
. /lab/guest/relay.sh

vipmid --link kcs:0xca2 --socket /run/vipmi.sock >/out/vipmid.log 2>&1 &
agent=$!
relay /run/vipmi.sock
check "the kernel has no IPMI driver" sh -c '! grep -q ^ipmi /proc/modules'
kill $agent
wait $agent
equal "vipmid ends cleanly" 0 $?
