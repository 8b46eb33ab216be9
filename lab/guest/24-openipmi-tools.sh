# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 900
# ci: no
# The tool list by way of the shim and vipmid on the kernel's own driver.
. /lab/guest/openipmi.sh

agent_start
check "the link is up" await_up
VIPMI_SHIM=/lab/lib/ipmi0.so VIA="vipmi --target $vipmi exec --" \
	sh /lab/tools/run.sh /lab/tools/list.txt >/out/tools.raw
check "the tool list ran to its end" grep -q '^==== end ev-ipmievd-help ' /out/tools.raw
agent_end
