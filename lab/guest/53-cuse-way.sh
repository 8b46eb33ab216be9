# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# ci: no
# seconds: 900
# What the way by a node of vipmid's costs beside the way by a plain proxy's: commands that nothing
# merges, and a controller that answers at once.
. /lab/guest/rival.sh

rival_begin
for programs in 1 8; do
	compare oem $programs 1000
	check "a command, $programs programs: no slower than the proxy" test "$ratio" -ge 80
done
rival_end
