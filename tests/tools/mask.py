#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Takes what run.sh printed apart and masks what two runs may differ in.

usage: mask.py RAW DIRECTORY        writes DIRECTORY/ID.out for each line of the list
       mask.py --compare EXPECTED ACTUAL [IGNORED]
                                    two such directories; IGNORED: a file of "ID  reason"

RAW may be a serial console's log: carriage returns and lines outside the frames
do not matter. Every mask has a name and a reason; nothing else may differ.
"""
import difflib
import os
import re
import sys

# name, pattern, what it becomes; the reason in the comment.
MASKS = [
    # When a record was logged, and what the clocks say: two runs are not at one time.
    ("date", r"\b\d{2}/\d{2}/(\d{4}|\d{2})\b", "<date>"),
    ("date", r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[- ]\d{2}[-, ]+\d{4}\b",
     "<date>"),
    ("date", r"\b\d{4}-\d{2}-\d{2}\b", "<date>"),
    ("time", r"\b\d{2}:\d{2}:\d{2}( UTC)?\b", "<time>"),
    # syslog's form, as ipmievd and asctime print it.
    ("date", r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
             r" +\d{1,2} <time> \d{4}\b", "<date>"),
    ("date", r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2}, \d{4}\b", "<date>"),
    # Times since the controller started, before anybody set its clock.
    ("time", r"\bPre-Init( +)\|\d{10}\|", r"Pre-Init\1|<time>|"),
    ("time", r"\bPost-Init \d+ s\b", "Post-Init <time>"),
    ("time", r"\bS\+ ?\d+\b", "S+ <time>"),
    # A running timer.
    ("countdown", r"(Present Countdown:\s+)\d+(\.\d+)?( sec)?", r"\1<countdown>"),
    ("countdown", r"(Current Countdown:\s+)\d+( seconds)?", r"\1<countdown>"),
    # Grows with the time that the controller is on.
    ("hours", r"(POH Counter\s+: ).*", r"\1<hours>"),
    ("hours", r"(Power on hours\s*: ).*", r"\1<hours>"),
    # Process numbers and scratch folders.
    ("pid", r"\bpid \d+\b", "pid <pid>"),
    ("home", r"/tmp/tmp\.[A-Za-z0-9]+", "<home>"),
    # FreeIPMI's cache lies in the user's home and carries the host's name.
    ("cache", r"(SDR repository information: ).*/sdr-cache-.*", r"\1<cache>"),
    # A byte that ipmi_sim does not set, and another each time.
    ("bridge", r"(Bridge Device Address\s*: ).*", r"\1<bridge>"),
    # A temporary reservation's number counts up with every tool that came before.
    ("reservation", r"([Rr]eservation ID\s*:?\s*)(0x)?[0-9a-fA-F]+", r"\1<reservation>"),
]
# The SEL record's own time in a hex dump: bytes 4 to 7 of FreeIPMI's and ipmitool's dumps.
HEX_DUMP = re.compile(r"^(\d+, +)?((?:0x)?[0-9A-F]{2}h? (?:0x)?[0-9A-F]{2}h? 02h? )"
                      r"((?:[0-9A-F]{2}h? ){4})", re.IGNORECASE)
# Debian's bmc-info prints what happened to lie on its stack for a channel that Get Channel Info
# knows nothing of. Channels are asked for in order, and the vendor of all that exist is the IPMI
# forum (IPMI 2.0 section 22.24), so the first that is neither ends what is true.
CHANNEL_BLOCK = re.compile(r"^Channel Number +: (\d+)\n(?:.+\n)*?Vendor ID +: .*\((\d+)\)$",
                           re.MULTILINE)
IPMI_FORUM = 7154
# The driver keeps events for whoever subscribes next. ipmitool does so with every command, takes
# them for the answers to its first question, and goes on. Which command is hit is a race; through
# the shim none is.
KEPT_EVENT = re.compile(r"^Get Device ID command failed: 0x\w+ Unknown \(0x\w+\)\n"
                        r"Received a response with unexpected ID 0 vs\. 1\n", re.MULTILINE)
# A line of the guest's kernel that got between a tool's.
KERNEL_LINE = re.compile(r"^\[ *\d+\.\d+\] ")
# Shells name a killed job in their own ways.
JOB_LINE = re.compile(r"^(Terminated|\[\d+\]\s*[+-]?\s*Terminated.*)$")


def existing_channels(text):
    for channel, block in enumerate(CHANNEL_BLOCK.finditer(text)):
        if int(block.group(1)) != channel or int(block.group(2)) != IPMI_FORUM:
            return text[:block.start()]
    return text


def mask(text):
    lines = []
    for line in existing_channels(KEPT_EVENT.sub("", text.replace("\r", ""))).split("\n"):
        if KERNEL_LINE.match(line) or JOB_LINE.match(line):
            continue
        for _, pattern, replacement in MASKS:
            line = re.sub(pattern, replacement, line)
        line = HEX_DUMP.sub(r"\1\2<time> ", line)
        lines.append(line.rstrip())
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def split(raw, directory):
    os.makedirs(directory, exist_ok=True)
    with open(raw, encoding="utf-8", errors="replace", newline="") as file:
        text = file.read().replace("\r", "")
    frame = re.compile(r"^==== begin (\S+)\n(.*?)^==== end \1 (\d+)$", re.MULTILINE | re.DOTALL)
    count = 0
    for match in frame.finditer(text):
        with open(os.path.join(directory, match.group(1) + ".out"), "w", encoding="utf-8") as file:
            file.write(mask(match.group(2)) + f"exit {match.group(3)}\n")
        count += 1
    print(f"{count} commands")
    return 0 if count else 1


def read(directory, name):
    """Masked again, so that a new mask needs no new oracle."""
    with open(os.path.join(directory, name), encoding="utf-8") as file:
        text, _, status = file.read().rstrip("\n").rpartition("\n")
    lines = mask(text).splitlines() + [status]
    # Two programs that write at the same time: in which order is up to the scheduler.
    return sorted(lines) if name.startswith("ev-") else lines


def compare(expected, actual, ignored_file=None):
    ignored = {}
    if ignored_file:
        with open(ignored_file, encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    name, reason = line.split(None, 1)
                    ignored[name + ".out"] = reason.strip()
    names = sorted(name for name in os.listdir(expected) if name.endswith(".out"))
    passed = failed = skipped = 0
    for name in names:
        if name in ignored:
            skipped += 1
            continue
        if not os.path.exists(os.path.join(actual, name)):
            print(f"{name}: did not run")
            failed += 1
            continue
        difference = list(difflib.unified_diff(read(expected, name), read(actual, name),
                                               "expected/" + name, "actual/" + name, lineterm=""))
        if difference:
            failed += 1
            print("\n".join(difference))
        else:
            passed += 1
    print(f"{passed} the same, {failed} different, {skipped} differ on purpose")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        sys.exit(compare(*sys.argv[2:]))
    sys.exit(split(sys.argv[1], sys.argv[2]))
