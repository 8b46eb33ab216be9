#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs the tool list and prints everything, framed for mask.py. Plain sh (busybox's too), so that
# the laboratory's guest runs the very same.
#
# usage: run.sh LIST [ID-PATTERN]
#   VIA      what stands before every command, e.g. "vipmi exec --target SOCKET --"; empty: nothing
#   SECONDS_MAX   how long one line may take (default 120)
list=$1
pattern=${2:-*}
HOME=$(mktemp -d) || exit 1
trap 'rm -rf "$HOME"' EXIT
export HOME
export LC_ALL=C TZ=UTC COLUMNS=80
unset LANG

while read -r id command; do
	case $id in
	'' | '#'*) continue ;;
	esac
	# shellcheck disable=SC2254 # a pattern is what it is meant to be
	case $id in
	$pattern) ;;
	*) continue ;;
	esac
	echo "==== begin $id"
	echo "\$ $command"
	# FreeIPMI keeps its SDR cache in the home that passwd names, where one of another controller
	# may lie; every run starts with a folder of its own.
	case $command in
	ipmi-sensors* | ipmi-sel* | ipmi-fru*)
		command="${command%% *} --sdr-cache-directory=$HOME ${command#* }"
		;;
	esac
	# shellcheck disable=SC2086 # VIA is several words
	timeout "${SECONDS_MAX:-120}" $VIA sh -c "$command" </dev/null 2>&1
	status=$?
	echo
	echo "==== end $id $status"
done <"$list"
