# SPDX-License-Identifier: BSD-2-Clause
# What the guests with vipmid on the kernel's driver share.
. /lab/guest/module.sh
# The same questions as to the module, to the agent's socket.
vipmi=/run/ipmi0.sock

agent_start() { # [LINK]
	vipmid --link "${1:-openipmi:/dev/ipmi0}" --socket $vipmi 2>/out/vipmid.log &
	agent=$!
	await_file 'served at' /out/vipmid.log
}

agent_end() {
	kill $agent
	wait $agent
}

shimmed() { # COMMAND...
	VIPMI_SHIM=/lab/lib/ipmi0.so vipmi --target $vipmi exec -- "$@"
}
