# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis --service 0
# clock: instructions
# seconds: 300
# How long the core's one lock is held, in instructions: every call of the core does bounded work.
. /lab/guest/module.sh

# A millisecond's worth at a billion instructions a second; interrupts that fall into a hold count.
longest_allowed_ns=1000000

held() {
	cat /sys/module/vipmi/parameters/core_lock_longest_ns
}

bounded() { # TEXT
	if [ "$(held)" -lt $longest_allowed_ns ]; then
		ok "$1: the lock was held $(held) instructions at the longest"
	else
		not_ok "$1: the lock was held $(held) instructions"
	fi
	echo 0 >/sys/module/vipmi/parameters/core_lock_longest_ns
}

check "vipmi.ko loads" insmod "$module"
check "its link is up" await_up
echo 0 >/sys/module/vipmi/parameters/core_lock_longest_ns
load "one program" 1 20
bounded "one program"
load "100 programs" 100 4
bounded "100 programs"
stay 100
lab_load $vipmi list client >/out/clients
kill_all lab_load
as_fresh "100 killed while at work"
bounded "100 killed while at work, and listed"
ulimit -n 5000
equal "4,096 programs open virtual controllers" 4096 "$(lab_load $vipmi hold 4096)"
as_fresh "and close them"
bounded "4,096 virtual controllers opened and closed"
check "rmmod" rmmod vipmi
