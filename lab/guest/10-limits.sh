# SPDX-License-Identifier: BSD-2-Clause
# controller: ipmi_sim
# seconds: 60
# The stock driver's limits, which vipmi is measured against.

check "the stock driver serves its controller" ipmitool mc info

# Opens a device N times in one shell and says how many times it worked.
opens() { # DEVICE N
	sh -c '
		n=0
		while [ $n -lt '"$2"' ] && eval "exec $((n + 10))<>'"$1"'" 2>/dev/null; do
			n=$((n + 1))
			echo $n
		done' | tail -n 1
}

equal "30 programs can open /dev/ipmi0, the 31st cannot" 30 "$(opens /dev/ipmi0 31)"
