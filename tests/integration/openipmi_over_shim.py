#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The openipmi link, end to end, where no kernel driver is: an agent on the
simulated chassis, its virtual controllers as /dev/ipmi0 through the shim, a
second agent on that device, and ipmitool on each of the two.

usage: openipmi_over_shim.py VIPMID SHIM
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 30

COMMANDS = [
    "mc info", "mc guid", "mc selftest", "mc watchdog get", "chassis status",
    "sdr list", "sdr elist full", "sensor", "sel info", "sel list", "fru print",
    "channel info 15", "raw 6 1", "raw 6 0xee", "raw 0x2e 1 0x57 1 0", "raw 0xa 0x43 0 0 1 0 0 255",
    # Not for users of the driver: refused by the second agent as by the first.
    "raw 6 0x33", "raw 6 0x34 0 0 0", "raw 6 0x35",
    "-t 0x52 raw 6 1",
]


def main():
    vipmid, shim = (os.path.abspath(path) for path in sys.argv[1:3])
    if not shutil.which("ipmitool"):
        print("no ipmitool: skipped")
        return 77
    folder = tempfile.mkdtemp(prefix="vipmi-openipmi-")
    sockets = [os.path.join(folder, name) for name in ("a.sock", "b.sock")]
    agents = {}

    def environment(socket):
        return dict(os.environ, VIPMI_TARGET=socket, LD_PRELOAD=shim)

    def start(socket, link, env):
        log = open(socket + ".log", "a")
        agents[socket] = subprocess.Popen([vipmid, "--link", link, "--socket", socket],
                                          env=env, stderr=log, stdout=log)

    def ipmitool(socket, command):
        run = subprocess.run(["ipmitool"] + command.split(), env=environment(socket),
                             capture_output=True, text=True, timeout=90)
        return run.returncode, run.stdout, run.stderr

    def wait_for(socket):
        until = time.monotonic() + PATIENCE_S
        while ipmitool(socket, "raw 6 1")[0] != 0:
            if time.monotonic() > until:
                sys.exit(f"nothing answers at {socket}: {open(socket + '.log').read()}")
            time.sleep(0.1)

    failed = 0
    try:
        start(sockets[0], "chassis:service=0,freeze", dict(os.environ))
        wait_for(sockets[0])
        start(sockets[1], "openipmi:/dev/ipmi0", environment(sockets[0]))
        wait_for(sockets[1])
        for command in COMMANDS:
            near, far = (ipmitool(socket, command) for socket in sockets)
            if near != far:
                failed += 1
                print(f"ipmitool {command}:\n  on the first agent:  {near}\n"
                      f"  on the second agent: {far}")
        # The driver goes, and comes back: the second agent stays.
        agents[sockets[0]].send_signal(signal.SIGKILL)
        agents[sockets[0]].wait()
        start(sockets[0], "chassis:service=0,freeze", dict(os.environ))
        wait_for(sockets[0])
        wait_for(sockets[1])
        if agents[sockets[1]].poll() is not None:
            failed += 1
            print("the second agent ended")
    finally:
        for agent in agents.values():
            agent.terminate()
            agent.wait()
        if failed:
            print(open(sockets[1] + ".log").read())
        shutil.rmtree(folder)
    print(f"{len(COMMANDS)} commands, {failed} differ")
    return 1 if failed else 0


sys.exit(main())
