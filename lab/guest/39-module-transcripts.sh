# SPDX-License-Identifier: BSD-2-Clause
# controller: guest
# drivers: none
# clock: instructions
# seconds: 3600
# ci: no
# The transcripts of the core, played on vipmi.ko over the kernel's IPMI layer. What cannot hold there
# stands in tests/scenario/cannot-on-layer.txt, and must not hold.
. /lab/guest/transcripts.sh

play_transcripts cannot-on-layer.txt 'interface=0 window=$WINDOW' ipmi_si ipmi_devintf
