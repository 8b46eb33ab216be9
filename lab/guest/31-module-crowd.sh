# SPDX-License-Identifier: BSD-2-Clause
# controller: ipmi_sim
# seconds: 300
# Many programs on vipmi.ko, where the stock driver has 30; and what is left when they are killed.
. /lab/guest/module.sh

# How often the stock driver lets itself be opened.
stock_opens() {
	sh -c '
		n=0
		while [ $n -lt 40 ] && eval "exec $((n + 10))<>/dev/ipmi0" 2>/dev/null; do
			n=$((n + 1))
			echo $n
		done' | tail -n 1
}

equal "30 programs can open /dev/ipmi0, the 31st cannot" 30 "$(stock_opens)"
insmod "$module" max_handles=300
check "vipmi.ko's link is up" await_up
ulimit -n 5000
equal "the 31st opener of /dev/vipmi0 is let in, and the 300th" 300 "$(lab_load $vipmi hold 300)"
equal "one past the maximum is refused" 300 "$(lab_load $vipmi hold 301)"
equal "which a counter says" 1 "$(counter handles_refused)"
load "257 programs at once, all tags equal" 257 8
as_fresh "nothing is left of them"

stay 300
note "with 300 at work: $(lab_load $vipmi list status)"
equal "300 programs are at work" 300 "$(status handles)"
kill_all lab_load
as_fresh "all killed at once: nothing is left of them"
equal "no broken accounts: handles opened are handles closed" \
	"$(counter handles_opened)" "$(counter handles_closed)"
check "and it serves on" lab_load $vipmi 5 5

# One that never reads, one that sends garbage: their own affair.
(
	exec 7<>$vipmi
	printf garbage >&7
	sleep 1
	dd bs=1024 count=1 <&7 2>/dev/null | strings >/tmp/error
)
equal "who sends garbage is told what is wrong" 1 "$(grep -c . /tmp/error)"
note "$(cat /tmp/error)"
check "and nobody else notices" lab_load $vipmi 5 5
lab_load $vipmi flood >/tmp/flood &
load "and while somebody asks and asks without reading" 10 10
wait $!
equal "who is held up, then reads, and has every answer: $(cat /tmp/flood)" 0 $?
as_fresh "nothing is left of all these"
holds_note
check "rmmod" rmmod vipmi
