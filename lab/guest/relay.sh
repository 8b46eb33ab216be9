# SPDX-License-Identifier: BSD-2-Clause
# What the guests share that programs of the host use.

# Serves the host's programs until the host says that it was the last.
relay() { # TARGET
	modprobe e1000
	ip addr add 10.0.2.15/24 dev eth0
	ip link set eth0 up
	check "the programs of the host were served" lab_relay 7000 "$1"
}
