# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 300
# vipmi.ko over the stock driver.
check "vipmi.ko loads" insmod "/lib/modules/$(uname -r)/extra/vipmi.ko"
check "/dev/vipmi0 is there" test -c /dev/vipmi0
# HELLO, as bytes: length, type, ..., extension HELLO with magic, versions and features.
printf '\064\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\004\000\020\000vIPM\001\000\001\000\000\000\000\000\000\000\000\000' >/tmp/hello
wc -c /tmp/hello
sh -c 'exec 5<>/dev/vipmi0; cat /tmp/hello >&5; dd bs=1024 count=1 <&5 >/out/hello'
note "$(xxd /out/hello | head -20)"
check "vipmi.ko unloads" rmmod vipmi
