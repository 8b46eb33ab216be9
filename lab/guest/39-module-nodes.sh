# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 900
# Virtual controllers as real /dev/ipmiN: 32 of them at once, 255 in all; they come and go while the
# module runs.
. /lab/guest/module.sh

node() {
	vipmi --target $vipmi node "$@"
}

# Lines of the tool list that change nothing, on /dev/ipmi0 as whoever runs it sees it.
cat >/tmp/reads <<'END'
for lines in it-mc-info it-sdr-list it-sel-list; do
	SECONDS_MAX=600 sh /lab/tools/run.sh /lab/tools/list.txt "$lines"
done
END

insmod "$module"
check "vipmi.ko's link is up" await_up
sh /tmp/reads >/tmp/stock.reads
i=1
while [ $i -le 32 ]; do
	node add >>/out/added 2>&1
	i=$((i + 1))
done
equal "32 nodes" 32 "$(ls /dev/ipmi* | grep -c 'ipmi[1-9]')"
node list >/out/nodes
i=1
while [ $i -le 32 ]; do
	unshare -m sh -c "mount --bind /dev/ipmi$i /dev/ipmi0 && sh /tmp/reads" >/tmp/reads.$i 2>&1 &
	i=$((i + 1))
done
sleep 2
wait
same=0 i=1
while [ $i -le 32 ]; do
	if cmp -s /tmp/stock.reads /tmp/reads.$i; then
		same=$((same + 1))
	else
		diff /tmp/stock.reads /tmp/reads.$i >/out/diff.$i
	fi
	i=$((i + 1))
done
equal "on 32 nodes at once the tools print what they print on the stock driver alone" 32 $same

# What is open goes away cleanly.
sleep 10 </dev/ipmi3 &
check "a node that is open can be removed" node remove 3
check "and is gone" test ! -e /dev/ipmi3
node remove 3 >/tmp/out 2>&1
equal "once" 1 $?
check "another by its number" node remove 1
kill %1
wait
check "the others serve on" ipmitool -d 2 mc info

before=$(ls /dev/ipmi* | wc -l)
started=$(cut -d. -f1 /proc/uptime)
until node add >/tmp/out 2>&1; [ $? != 0 ]; do
	:
done
grep -v "^/dev/ipmi" /tmp/out >/tmp/err
equal "255 nodes at most" 255 "$(ls /dev/ipmi* | grep -c 'ipmi[1-9]')"
note "$(cat /tmp/err); $((255 + 1 - before)) nodes in $(($(cut -d. -f1 /proc/uptime) - started)) s"
check "the last one serves" ipmitool -d 255 mc info

(exec 7<>/dev/ipmi9; sleep 3) &
sleep 1
if rmmod vipmi 2>/tmp/err; then
	not_ok "rmmod is refused while a node is open"
else
	ok "rmmod is refused while a node is open ($(cat /tmp/err))"
fi
wait
holds_note
check "rmmod takes all nodes along" rmmod vipmi
equal "none is left" 0 "$(ls /dev/ipmi* | grep -c 'ipmi[1-9]')"
check "the stock driver serves on" ipmitool mc info
