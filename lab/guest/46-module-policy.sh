# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 300
# What an administrator says of a node while it is used: how urgent its requests are, what they may
# ask, which commands are its alone.
. /lab/guest/module.sh

node() {
	vipmi --target $vipmi node "$@"
}

# The completion code that a node's request is answered with; 00 if all is well.
code_of() { # NETFN COMMAND [BYTE…]
	ipmitool -d 1 $bridged raw "$@" >/tmp/code 2>&1 && echo 00 && return
	sed -n 's/.*rsp=0x\([0-9a-f]*\).*/\1/p' /tmp/code | head -n 1
}

insmod "$module"
check "vipmi.ko's link is up" await_up
check "a node that may read" node add --name reader --privilege user
equal "the listing says so" "reader normal user" "$(node list | awk '/ipmi1/ { print $2, $4, $5 }')"
bridged=
equal "it reads" 00 "$(code_of 6 1)"
check "tools that read work" ipmitool -d 1 sdr list
equal "and does no more: Chassis Identify" d4 "$(code_of 0 4 1)"
equal "Clear SEL" d4 "$(code_of 0x0a 0x47 0 0 0x43 0x4c 0x52 0xaa)"
equal "Cold Reset" d4 "$(code_of 6 2)"
equal "what nobody knows" d4 "$(code_of 0x30 1)"
bridged="-t 0xb4"
equal "over the bus likewise: Get Device ID" 00 "$(code_of 6 1)"
equal "Warm Reset" d4 "$(code_of 6 3)"
bridged=

sleep 1000 </dev/ipmi1 &
opener=$!
check "while it is open it is allowed more" node set reader --privilege operator
equal "Chassis Identify" 00 "$(code_of 0 4 1)"
equal "but not all: Warm Reset" d4 "$(code_of 6 3)"
node set reader --privilege callback >/tmp/out 2>&1
equal "there are three levels: $(head -n 1 /tmp/out)" 2 $?
node set nobody --class urgent >/tmp/out 2>&1
equal "only what is there can be set: $(head -n 1 /tmp/out)" 1 $?
check "by its number, too" node set 1 --privilege administrator
equal "then it is as every other" c1 "$(code_of 0x30 1)"
kill $opener
wait $opener

check "commands are made its alone" node reserve reader 0x30 all
vipmi --target $vipmi raw 0x30 1 >/tmp/out 2>&1
equal "others are refused them: $(head -n 1 /tmp/out)" 3 $?
equal "it is not" c1 "$(code_of 0x30 1)"
number=$(lab_load $vipmi list reservation | sed -n 's/.*number=\([0-9]*\).*/\1/p' | head -n 1)
check "until that is revoked" vipmi --target $vipmi reservation revoke "$number"
vipmi --target $vipmi raw 0x30 1 >/tmp/out 2>&1
check "others may again" grep -q -i c1 /tmp/out

# How many answers it gets beside eight programs that always have more to ask.
stay 8
rate_as() { # CLASS
	node set reader --class "$1" && ioctl_load /dev/ipmi1 oem 4 6000
}
background=$(rate_as background) normal=$(rate_as normal) urgent=$(rate_as urgent)
note "beside eight busy programs a node has $background answers a second in the background," \
	"$normal as they, $urgent before them"
check "in the background it gets less" test $((background * 4)) -le $((normal * 3))
check "before them more" test "$urgent" -ge $((normal * 2))
kill_all lab_load
equal "the listing says so" urgent "$(node list | awk '/ipmi1/ { print $4 }')"
check "rmmod" rmmod vipmi
