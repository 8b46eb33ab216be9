# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 1000
# ci: no
# seconds: 900
# As 52-cuse-rival, where the operator allows answers an age: programs that read the SDR repository and
# every sensor over and over, as exporters do, and ask what was answered a moment ago.
. /lab/guest/rival.sh

rival_begin --cache-age 5000
compare sensor 1 1000
check "one sensor's reading, one program: more than the proxy's rate" test "$ratio" -ge 150
compare sensor 8 1000
check "one sensor's reading, 8 programs: at least three times the proxy's rate" \
	test "$ratio" -ge 300
# One program alone comes by the same record again when its answer is too old already.
compare tour 4 2000
check "records and readings, 4 programs: at least three times the proxy's rate" \
	test "$ratio" -ge 300
compare oem 30 1000
check "what is not kept, 30 programs: no slower than the proxy" test "$ratio" -ge 80
rival_end
