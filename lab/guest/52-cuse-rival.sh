# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 1000
# ci: no
# seconds: 900
# A node of vipmid's beside a node of a plain proxy, in turns, over the stock driver and a controller
# that takes 20 to 60 ms for a command, so that its time is what is short, and not the emulated
# processor's, which is ten to fifty times as slow as a real one: rates of many programs at once, and
# their ratio. (What each way costs by itself is in 53-cuse-way.)
. /lab/guest/rival.sh

rival_begin
# What tools do all day. Behind the proxy each takes the others' reservations, and nobody gets on.
compare sdr 8 1000
check "SDR records, 8 programs: at least three times the proxy's rate" test "$ratio" -ge 300
# Who asks the same while it waits is answered with the others.
for programs in 8 30 100; do
	compare sensor $programs 1000
	check "one sensor's reading, $programs programs: at least three times the proxy's rate" \
		test "$ratio" -ge 300
done
# One program alone, and commands that nobody knows enough of to merge, are as fast as the controller
# is, whoever stands before it.
compare sensor 1 1000
check "one program alone: no slower than the proxy" test "$ratio" -ge 80
compare oem 30 1000
check "what cannot merge, 30 programs: no slower than the proxy" test "$ratio" -ge 80
rival_end
