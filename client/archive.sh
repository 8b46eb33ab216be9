#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the static library out of an archive of its parts: one object in which
# only the symbols of the API are global, so that no inner name can clash with a
# program's.
#
# usage: archive.sh PARTS SYMBOLS OUTPUT
set -e
object=$3.o
trap 'rm -f "$object"' EXIT
ld -r --whole-archive -o "$object" "$1"
objcopy --keep-global-symbols="$2" "$object"
rm -f "$3"
ar rcs "$3" "$object"
