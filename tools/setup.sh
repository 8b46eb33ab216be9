#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes sure that the Debian packages of the named groups are there: tools/setup.sh GROUP…
#
# The groups stand in docs/packages.md. When all are installed this is silent, quick, and needs no
# network. What is missing is installed when we are root; otherwise the one line to type is printed
# and the set-up fails.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || {
	sed -n 's/^# \{0,1\}//; 3,8p' "$0" >&2
	exit 2
}
if ! command -v dpkg-query >/dev/null; then
	echo "setup: this is no Debian; docs/packages.md says what is needed" >&2
	exit 0
fi

wanted=
for group; do
	found=$(sed -n "s/^| \([a-z0-9.+-]*\) | $group |.*/\1/p" docs/packages.md)
	[ -n "$found" ] || {
		echo "setup: no group '$group' in docs/packages.md" >&2
		exit 2
	}
	wanted="$wanted $found"
done
missing=
for package in $(printf '%s\n' $wanted | sort -u); do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

line="apt-get install --no-install-recommends$missing"
if [ "$(id -u)" -ne 0 ]; then
	printf 'setup: packages are missing. As root, type:\n\n    %s\n\n' "$line" >&2
	exit 1
fi
echo "setup: $line"
export DEBIAN_FRONTEND=noninteractive
# The lists may be missing or old; an update that fails matters only if the installation does.
apt-get update -qq || true
if ! apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
	printf 'setup: that failed. Once it can work, as root, type:\n\n    %s\n\n' "$line" >&2
	exit 1
fi
