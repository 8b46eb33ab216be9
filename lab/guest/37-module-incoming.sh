# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 180
# Requests that come in over the IPMB: the right to receive them is registered with the kernel's IPMI
# layer, and the answers go back through it.
. /lab/guest/module.sh

# The card at B4h forwards Send Message: so it asks system software (LUN 2 of 20h). Bytes of the frame
# that it sends: to us, netFn and LUN, checksum, from B4h, sequence 1, command, checksum.
asked_from_bus() { # NETFN COMMAND
	local head=$((0x100 - (0x20 + $1 * 4 + 2) % 0x100)) body=$((0x200 - (0xB4 + 4 + $2)))
	vipmi --target $vipmi raw --ipmb 0xB4 app send-message 0 0x20 $(($1 * 4 + 2)) \
		$((head % 0x100)) 0xB4 4 "$2" $((body % 0x100))
}

insmod "$module"
check "vipmi.ko's link is up" await_up
lab_load $vipmi answer 0x30 0x42 >/tmp/first &
first=$!
check "the right to receive is granted" await_file up /tmp/first
lab_load $vipmi answer 0x30 0x43 >/tmp/second &
second=$!
check "another's to another command" await_file up /tmp/second
lab_load $vipmi answer 0x30 0x42 >/tmp/third
equal "and refused where somebody has it" 1 $?
check "the card asks" asked_from_bus 0x30 0x42
wait $first
equal "who has the right gets it and answers: $(tail -n +2 /tmp/first | xargs)" 0 $?
equal "nobody else gets it" up "$(xargs </tmp/second)"
check "the card asks the other command" asked_from_bus 0x30 0x43
wait $second
equal "its holder answers: $(tail -n +2 /tmp/second | xargs)" 0 $?
lab_load $vipmi answer 0x30 0x42 >/tmp/again &
again=$!
check "the right is free again when its holder is gone" await_file up /tmp/again
check "the card asks again" asked_from_bus 0x30 0x42
wait $again
equal "and gets its answer" 0 $?

# A node that has the right gets them as any interface of the kernel's does.
check "a node" vipmi --target $vipmi node add --name answers
check "gets a right to receive" vipmi --target $vipmi node reserve answers --receive 0x30 0x44
lab_load $vipmi answer 0x30 0x44 >/tmp/out
equal "which nobody else gets" 1 $?
lab_load $vipmi answer 0x30 0x45 >/tmp/held &
held=$!
check "somebody has another" await_file up /tmp/held
vipmi --target $vipmi node reserve answers --receive 0x30 0x45 >/tmp/out 2>&1
equal "which the node does not get: $(head -n 1 /tmp/out)" 3 $?
kill $held
wait $held
ioctl_load /dev/ipmi1 answer 0x30 0x44 >/tmp/node &
program=$!
check "a program on the node registers for it" await_file up /tmp/node
check "the card asks" asked_from_bus 0x30 0x44
wait $program
equal "the program gets it and answers: $(tail -n +2 /tmp/node | xargs)" 0 $?
check "it asks again when nobody has registered" asked_from_bus 0x30 0x44
i=0
while [ "$(counter inbound_answered)" != 5 ] && [ $i -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
equal "and is answered by the kernel's layer" 5 "$(counter inbound_answered)"
check "the node is removed" vipmi --target $vipmi node remove answers
lab_load $vipmi answer 0x30 0x44 >/tmp/fourth &
fourth=$!
check "the right goes with it" await_file up /tmp/fourth
kill $fourth
wait $fourth
holds_note
check "rmmod" rmmod vipmi
