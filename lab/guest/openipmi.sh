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

await_file() { # WORDS FILE
	local i=0
	while ! grep -q "$1" "$2" && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	grep -q "$1" "$2"
}

shimmed() { # COMMAND...
	VIPMI_SHIM=/lab/lib/ipmi0.so vipmi --target $vipmi exec -- "$@"
}
