#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The openipmi link, end to end, where no kernel driver is: an agent on the
simulated chassis, its virtual controllers as /dev/ipmi0 through the shim, a
second agent on that device, and ipmitool on each of the two. A request from the
bus is registered for, received and answered through both.

usage: openipmi_over_shim.py VIPMID SHIM RESPONDER
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
    vipmid, shim, responder = (os.path.abspath(path) for path in sys.argv[1:4])
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

    def answers_the_bus():
        """The satellite asks our software 30h 41h; a program on the second agent answers."""
        holder = subprocess.Popen([responder, "--count", "2", "--together", "2"], text=True,
                                  env=dict(os.environ, VIPMI_TARGET=sockets[1]),
                                  stdout=subprocess.PIPE)
        said = [holder.stdout.readline()]
        time.sleep(0.2)  # the second agent registers with what it takes for the driver
        for number, checksum in ((0x50, 0xBB), (0x54, 0xB7)):
            # Send Message at the satellite: to 20h, LUN 2, from B4h, number 20 or 21, 30h 41h.
            ipmitool(sockets[0], "-t 0xb4 raw 6 0x34 0 0x20 0xc2 0x1e 0xb4 %d 0x41 %d" % (
                number, checksum))
        said += holder.communicate(timeout=PATIENCE_S)[0].splitlines()
        good = (holder.returncode == 0 and "number 20" in said[1] and "number 21" in said[2] and
                said[3:] == ["answered", "answered"])
        print("requests from the bus:", "answered" if good else said)
        return good

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
        failed += 0 if answers_the_bus() else 1
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
