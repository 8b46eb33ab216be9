# SPDX-License-Identifier: BSD-2-Clause
# What a guest's test says. Each line goes to the host, which counts and prints it.

ok() { # TEXT
	echo "ok - $*" >/dev/ttyS1
}

not_ok() { # TEXT
	echo "not ok - $*" >/dev/ttyS1
}

# A line for the reader, such as a measurement.
note() { # TEXT
	echo "# $*" >/dev/ttyS1
}

# check TEXT COMMAND...: whether the command succeeds.
check() {
	check_text=$1
	shift
	if "$@" >/tmp/check.out 2>&1; then
		ok "$check_text"
	else
		not_ok "$check_text"
		head -n 20 /tmp/check.out | while IFS= read -r line; do note "  $line"; done
		return 1
	fi
}

# equal TEXT EXPECTED ACTUAL
equal() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1: expected '$2', got '$3'"
		return 1
	fi
}

# Waits until words stand in a file, a minute at most.
await_file() { # WORDS FILE
	await_tries=0
	while ! grep -q "$1" "$2" 2>/dev/null && [ $await_tries -lt 600 ]; do
		sleep 0.1
		await_tries=$((await_tries + 1))
	done
	grep -q "$1" "$2"
}

# Nothing that a kernel says when something is wrong with it. Out-of-tree modules taint; that is
# said on another level and in other words.
kernel_log_clean() {
	if dmesg | grep -E 'WARNING:|BUG:|Oops|general protection|Call Trace|blocked for more than|rcu:.*stall' \
		>/tmp/complaints; then
		not_ok "the kernel's log is clean"
		head -n 5 /tmp/complaints | while IFS= read -r line; do note "  $line"; done
	else
		ok "the kernel's log is clean"
	fi
}

# The test is over: what it left in /out goes to the host. (init says it, or whoever ends the guest in
# another way.)
hand_back() {
	dmesg >/out/dmesg
	{
		echo "==== archive"
		tar -C /out -cz . | base64
		echo "==== end"
	} >/dev/ttyS1
}
