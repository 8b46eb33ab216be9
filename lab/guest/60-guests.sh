# SPDX-License-Identifier: BSD-2-Clause
# boot: guests
# seconds: 900
# Two guests and a program of the host share one controller (lab/guests). Which of the two this is,
# the kernel's command line says.
. /lab/guest/vm.sh
. "/lab/guest/vm-$(vm_told role).sh"
