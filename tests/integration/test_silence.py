#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A controller that falls silent: everyone is answered by their own deadline, it is found silent
by the service time-out, asked gently, and met again within a second of its return.

usage: test_silence.py VIPMID CHASSISD
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

from agent import Agent, EXPIRED, SENT, SILENT, request, run, wait_until

VIPMID, CHASSISD = sys.argv[1:3]
# CORE_PROBE_INTERVAL_MS is 400: what more than this a second would not be gentle.
PROBES_A_SECOND_MAX = 3


class Controller:
    """vipmi-chassisd, which SIGUSR1 makes silent and talkative again."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="vipmi-test-")
        self.requests = os.path.join(self.folder, "requests")
        self.socket = os.path.join(self.folder, "vm.sock")
        self.process = subprocess.Popen(
            [CHASSISD, "--listen", "unix:" + self.socket, "--service", "0",
             "--log-requests", self.requests], stdout=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(self.socket), "the controller's socket")

    def toggle(self):
        self.process.send_signal(signal.SIGUSR1)

    def seen(self):
        with open(self.requests) as requests:
            return sum(1 for _ in requests)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        for name in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, name))
        os.rmdir(self.folder)


def is_up(observer):
    status = observer.query("status")[0]
    return status["up"] == 1 and status["responsive"] == 1


def ask_all(agent, budgets):
    """One client each; returns when each was answered, in seconds, and the reasons."""
    clients = [(agent.client(), budget) for budget in budgets]
    for client, budget in clients:
        handle = client.handle()
        client.send_at = time.monotonic()
        client.send(request(handle, budget, 6, 1, time_ms=budget))
    taken = []
    for client, budget in clients:
        answer = client.receive()
        taken.append((time.monotonic() - client.send_at, answer.reason))
        assert answer.tag == budget and answer.cc != 0
        client.close()
    return taken


def everyone_is_answered_by_their_own_deadline():
    controller = Controller()
    agent = Agent(VIPMID, "vm:unix:" + controller.socket)
    observer = agent.client()
    wait_until(lambda: is_up(observer), "the link")
    handle = observer.handle()
    assert observer.ask(handle, 6, 1).cc == 0

    controller.toggle()
    budgets = [200, 600, 1000, 1400]
    taken = ask_all(agent, budgets)
    for budget, (seconds, reason) in zip(budgets, taken):
        assert reason in (EXPIRED, SILENT), reason
        # Never before its time; and each by its own, not by the slowest one's.
        assert seconds >= budget / 1000 - 0.005, (budget, seconds)
    times = [seconds for seconds, _ in taken]
    assert times == sorted(times), times

    wait_until(lambda: not is_up(observer), "the controller to be found silent")
    # From now on it is asked for its device ID now and then, and by nobody else.
    before, start = controller.seen(), time.monotonic()
    answer = observer.ask(handle, 6, 1, time_ms=2500)
    assert answer.reason in (EXPIRED, SILENT) and not answer.flags & SENT
    probes, elapsed = controller.seen() - before, time.monotonic() - start
    assert probes <= PROBES_A_SECOND_MAX * elapsed + 2, (probes, elapsed)

    # Noticed within a second. A busy machine may spoil one try, not all.
    returns = []
    for _ in range(3):
        controller.toggle()
        start = time.monotonic()
        wait_until(lambda: is_up(observer), "the controller's return")
        returns.append(time.monotonic() - start)
        assert observer.ask(handle, 6, 1).cc == 0
        if returns[-1] < 1:
            break
        controller.toggle()
        assert observer.ask(handle, 6, 1, time_ms=30000).cc != 0
        wait_until(lambda: not is_up(observer), "the controller to be found silent")
    assert min(returns) < 1, returns
    observer.close()
    agent.stop()
    controller.stop()


run([everyone_is_answered_by_their_own_deadline])
