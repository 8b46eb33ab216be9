# SPDX-License-Identifier: BSD-2-Clause
# controller: guest
# drivers: none
# clock: instructions
# seconds: 3600
# ci: no
# The transcripts of the core, played on vipmi.ko on the KCS registers. What cannot hold there stands
# in tests/scenario/cannot-on-kcs.txt, and must not hold.
. /lab/guest/transcripts.sh

play_transcripts cannot-on-kcs.txt 'kcs=0xca2 irq=5'
