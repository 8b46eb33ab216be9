# SPDX-License-Identifier: BSD-2-Clause
# controller: none
# drivers: none
# seconds: 300
# Many programs on one node, whom it is for, and what becomes of them when vipmid is killed.
. /lab/guest/cuse.sh

modprobe cuse
echo "ops:x:70:" >>/etc/group
echo "operator:x:700:70::/:/bin/sh" >>/etc/passwd
serve ipmi5,mode=0640,group=ops --cuse ipmi6
equal "a node is whom it was ordered for" "crw-r----- root ops" "$(stat -c '%A %U %G' /dev/ipmi5)"
check "who may not, cannot" sh -c '! su operator -c "ipmitool -d 6 mc info"'
check "who may read, cannot write" sh -c '! su operator -c "ipmitool -d 5 mc info"'
chmod 0660 /dev/ipmi5
check "who may, can" su operator -c "ipmitool -d 5 mc info"

# A descriptor that is passed on, or kept while its owner becomes somebody else.
check "whoever has an open node can use it" ioctl_load /dev/ipmi6 passed 700
equal "and is named once" 1 "$(grep -c 'uid 0): its open node is used by uid 700' /out/vipmid.log)"

# A container: its own processes and mounts, a root of programs and libraries, and of the devices
# that one alone, under the name that programs look for.
mkdir -p /tmp/root/dev
for folder in bin usr lib lib64 etc proc tmp; do
	mkdir -p /tmp/root/$folder
	[ $folder = proc ] || [ $folder = tmp ] || mount --bind /$folder /tmp/root/$folder
done
touch /tmp/root/dev/ipmi0
mount --bind /dev/ipmi5 /tmp/root/dev/ipmi0
check "a container needs that one device" unshare -m -p -f chroot /tmp/root ipmitool mc info
umount /tmp/root/dev/ipmi0
check "and has no other way" sh -c '! unshare -m -p -f chroot /tmp/root ipmitool mc info'

ulimit -n 5000
equal "300 opens of one node" 300 "$(ioctl_load /dev/ipmi5 hold 300)"
i=0
while [ "$(status handles)" != 0 ] && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
equal "of which nothing is left" "0 0" "$(status handles) $(status requests)"
check "100 programs at once, and every answer is the asker's" \
	ioctl_load /dev/ipmi5 sensor 100 2000
note "$(cat /tmp/check.out) answers a second"

ioctl_load /dev/ipmi5 stay 100 >/tmp/stay &
load=$!
i=0
while ! grep -q up /tmp/stay && [ $i -lt 600 ]; do
	sleep 0.1
	i=$((i + 1))
done
equal "100 programs are at work" 100 "$(status handles)"
kill -9 $agent
wait $load
equal "vipmid killed under them: each hears so" 0 $?
note "$(tail -n 1 /tmp/stay)"
check "and the nodes are gone" sh -c '! ls /dev/ipmi5 /dev/ipmi6'
serve ipmi5
check "another vipmid takes its place" ipmitool -d 5 mc info
vipmid --link chassis: --socket /run/other.sock --cuse ipmi5 2>/tmp/err
equal "a name that is taken is refused" 1 $?
note "$(tail -n 1 /tmp/err)"
end_serving
