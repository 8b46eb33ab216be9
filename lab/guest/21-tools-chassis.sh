# SPDX-License-Identifier: BSD-2-Clause
# controller: chassis
# seconds: 900
# ci: no
# What real tools print, and what the ioctls return, on the stock driver: the oracle. The host
# compares it with what is kept in tests/tools/oracle.
. /lab/guest/tools.sh
