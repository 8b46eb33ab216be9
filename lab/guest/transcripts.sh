# SPDX-License-Identifier: BSD-2-Clause
# Programs on /dev/vipmi0, and the controller behind the KCS device, are one program here: it says on
# the third serial line what the emulator's device answers.
. /lab/guest/module.sh

play_transcripts() { # LIST PARAMETERS-OF-THE-MODULE [DRIVER...]
	local list=$1 parameters=$2
	shift 2
	cd /lab/scenario || return
	cat >/tmp/before <<-END
		for driver in ipmi_msghandler $*; do
			modprobe \$driver
		done
		until [ "$*" = "" ] || [ -e /dev/ipmi0 ]; do
			sleep 0.1
		done
	END
	cat >/tmp/agent <<-END
		insmod $module max_handles=\$HANDLES merge=\$MERGE cache_age=\$CACHE_AGE $parameters
	END
	scenario_agent --target $vipmi --controller /dev/ttyS2 --before "sh /tmp/before" \
		--stop "rmmod vipmi 2>/dev/null || true" --agent "sh /tmp/agent" \
		--except "$list" --spin --patience 400 \
		transcripts/[1-9]-*.scenario transcripts/1?-*.scenario >/dev/ttyS1 2>/tmp/err
	equal "all transcripts were played, and did what they should" 0 $?
	head -n 5 /tmp/err | while read -r line; do note "$line"; done
	rmmod vipmi
}
