# SPDX-License-Identifier: BSD-2-Clause
# boot: pair
# seconds: 400
# ci: no
# What a guest's way costs: the same questions by vipmid --vm and at the simulated controller itself, in
# the same guest, in turn; medians. The controller has no service time.
. /lab/guest/vm.sh
rounds=7

median() { # NUMBER…
	printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"
}

i=0
while [ ! -e /dev/ipmi1 ] && [ $i -lt 150 ]; do
	sleep 0.1
	i=$((i + 1))
done
check "there are two controllers" test -e /dev/ipmi1
shared=0 direct=1
if [ "$(ipmitool -d 1 raw 6 8 | xargs | tr -d ' ')" = "$(vm_told guid)" ]; then
	shared=1 direct=0
fi
equal "one of them is vipmid's" "$(vm_told guid)" \
	"$(ipmitool -d $shared raw 6 8 | xargs | tr -d ' ')"
for programs in 1 8; do
	rm -f /tmp/rate.*
	round=0
	while [ $round -lt $rounds ]; do
		for way in $direct $shared; do
			ioctl_load "/dev/ipmi$way" sensor $programs 1000 >>/tmp/rate.$way ||
				not_ok "/dev/ipmi$way: an answer was wrong or lost"
		done
		round=$((round + 1))
	done
	alone=$(median $(cat /tmp/rate.$direct)) guest=$(median $(cat /tmp/rate.$shared))
	note "$programs programs: $guest a second by vipmid --vm, $alone at the controller itself:" \
		"$((guest * 100 / alone)) %"
	check "they answer" test "$guest" -gt 0
done
