#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clients that misbehave: nobody else notices, they are told or ended, and the log says why.

usage: test_offenders.py VIPMID [SEED]
"""
import os
import random
import socket
import struct
import sys
import threading
import time

from agent import (ANSWER, Agent, ERROR, EXPIRED, EXT_DATA, EXT_TEXT, Fru, HEADER, HELLO, Message,
                   OPEN, OPENED, QUERY, REQUEST, extension, message, request, run, settle,
                   wait_until)

VIPMID = sys.argv[1]
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())


class Bystander:
    """A well-behaved program at work meanwhile: every answer must come, and be its own."""

    def __init__(self, agent, fru):
        self.client, self.fru = agent.client(), fru
        self.handle = self.client.handle()
        self.stopping, self.count, self.error = False, 0, None
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        try:
            while not self.stopping:
                self.count += 1
                data = self.fru.question(self.count)[0]
                self.fru.check(self.client.ask(self.handle, 0x0A, 0x11, data, self.count),
                               self.count)
        except BaseException as error:
            self.error = error

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        before = self.count
        if kind is None:
            wait_until(lambda: self.error or self.count > before + 2, "the bystander's answers")
        self.stopping = True
        self.thread.join()
        self.client.close()
        if kind is None:
            assert self.error is None, self.error


def last_words(client):
    """What the agent says before it hangs up; None if it only hung up."""
    error = None
    try:
        while True:
            answer = client.receive()
            if answer.kind == ERROR:
                error = answer.text
    except (EOFError, ConnectionResetError):
        client.close()
        return error


def offend(link="chassis:service=0"):
    """Runs an offence beside a bystander, on an agent of its own."""
    def decorate(offence):
        def test():
            agent = Agent(VIPMID, link)
            fru = Fru(agent)
            observer = agent.client()
            before = observer.gauges()
            with Bystander(agent, fru):
                offence(agent, fru)
            settle(observer, before)
            agent.stop()
        test.__name__ = offence.__name__
        return test
    return decorate


@offend()
def never_reads(agent, fru):
    client = agent.client()
    handle = client.handle()
    client.socket.setblocking(False)
    sent = 0
    end = time.monotonic() + 60
    while "took no answer" not in agent.log():
        assert time.monotonic() < end, "it was never ended: %d sent" % sent
        try:
            client.send(fru.request(handle, sent, 1))
            sent += 1
        except BlockingIOError:
            time.sleep(0.05)
        except BrokenPipeError:
            break
    wait_until(lambda: "took no answer" in agent.log(), "a line in the log")
    assert "pid %d, uid %d" % (os.getpid(), os.getuid()) in agent.log()
    # Back-pressure held it long before: its credit, and what fits into two sockets' buffers.
    assert sent < 2000, sent
    client.close()


@offend()
def never_reads_its_replies(agent, _):
    client = agent.client()
    client.socket.setblocking(False)
    end = time.monotonic() + 60
    while "does not read" not in agent.log() and "took no answer" not in agent.log():
        assert time.monotonic() < end, "it was never ended"
        try:
            client.send(message(QUERY, body=extension(EXT_TEXT, b"counter")))
        except BlockingIOError:
            time.sleep(0.05)
        except BrokenPipeError:
            break
    client.close()


@offend()
def floods_but_reads(agent, fru):
    """More requests at once than its credit: all are answered, once, and in order."""
    client = agent.client()
    handle = client.handle()
    client.socket.setblocking(False)
    sent = got = 0
    most = 3000
    while got < most:
        try:
            while sent < most:
                client.send(fru.request(handle, sent, sent))
                sent += 1
        except BlockingIOError:
            pass
        try:
            # Reads only when it can send no more, so that its credit runs out.
            answer = client.receive()
            assert answer.tag == got, (answer.tag, got)
            fru.check(answer, got)
            got += 1
        except BlockingIOError:
            time.sleep(0.001)
    client.close()


@offend("chassis:service=100")
def floods_a_slow_controller(agent, fru):
    client = agent.client()
    handle = client.handle()
    client.socket.setblocking(False)
    try:
        for i in range(100000):
            client.send(fru.request(handle, i, i))
    except BlockingIOError:
        pass
    wait_until(lambda: "more requests than its credit" in agent.log(), "a line in the log")
    client.close()


def garbage(dice):
    """Records that are no messages, or no messages that a client may send."""
    hello = message(HELLO)
    yield b""
    yield b"GET / HTTP/1.1\r\n\r\n"
    yield bytes(1024)
    yield bytes(5000)
    yield b"\xFF" * 64
    for length in range(1, HEADER.size):
        yield hello[:length]
    yield message(REQUEST, body=b"\x02\x00\x10")
    yield message(REQUEST, body=struct.pack("<BBH", EXT_DATA, 0, 100) + b"x")
    yield message(REQUEST, body=extension(EXT_DATA, b"x") + extension(EXT_DATA, b"y"))
    yield message(OPEN, body=extension(5, b"n" * 32))
    yield message(REQUEST, body=extension(EXT_DATA, b"x"))[:-1]
    yield message(ANSWER)
    yield message(OPENED)
    yield message(99)
    yield hello
    for _ in range(200):
        record = bytearray(dice.randbytes(dice.randrange(1, 1200)))
        if dice.random() < 0.5 and len(record) >= 4:
            struct.pack_into("<H", record, 0, len(record))
            record[2] = dice.randrange(0, 25)
        yield bytes(record)


def sends_garbage_test(hello):
    def offence(agent, _):
        dice = random.Random(SEED)
        told = 0
        for record in garbage(dice):
            client = agent.client(hello=hello)
            lines = agent.log().count("\n")
            try:
                client.send(record)
                # Whatever came of it, the connection is either ended or still in order.
                client.send(message(99))
            except (BrokenPipeError, ConnectionResetError):
                pass
            words = last_words(client)
            assert words, "no word about %r" % record
            wait_until(lambda: agent.log().count("\n") > lines, "a line in the log")
            assert words in agent.log(), words
            told += 1
        assert told > 200
    offence.__name__ = "sends_garbage" if hello else "sends_garbage_instead_of_a_greeting"
    return offend()(offence)


@offend()
def stops_in_the_middle(agent, fru):
    """Half a message, half a greeting, half a session: then silence, or gone."""
    whole = fru.request(1, 1, 1)
    for cut in (1, 2, 16, 31, 33, len(whole) - 1):
        client = agent.client()
        client.send(whole[:cut])
        assert last_words(client)
        client = agent.client()
        client.send(whole[:cut])
        client.close()  # before it can be told
    agent.client(hello=False).close()
    silent = agent.client(hello=False)
    assert "HELLO" in last_words(silent)
    assert "no HELLO" in agent.log()


@offend("chassis:service=100")
def has_no_time(agent, fru):
    """Deadlines of 1 ms on a controller that needs several: one answer for each, soon."""
    client = agent.client()
    handle = client.handle()
    reasons = {}
    for start in range(0, 400, 40):
        for i in range(start, start + 40):
            client.send(fru.request(handle, i, i, time_ms=1))
        tags = []
        for _ in range(40):
            answer = client.receive()
            tags.append(answer.tag)
            reasons[answer.reason] = reasons.get(answer.reason, 0) + 1
            if answer.reason == 0:
                fru.check(answer, answer.tag)
            else:
                assert answer.reason == EXPIRED and answer.cc != 0
        assert sorted(tags) == list(range(start, start + 40))
    assert reasons.get(EXPIRED, 0) > 300, reasons
    client.close()


@offend()
def names_what_is_not_its(agent, fru):
    """Another's handle, a closed handle, no handle: one refusal for each, and nothing else."""
    other = agent.client()
    theirs = other.handle()
    client = agent.client()
    for handle in (theirs, 0, 0xFFFFFFFF, theirs ^ 0x10000):
        answer = client.ask(handle, 0x0A, 0x11, fru.question(1)[0], tag=handle)
        assert answer.reason != 0 and answer.cc != 0 and answer.data == b""
    assert fru.check(other.ask(theirs, 0x0A, 0x11, fru.question(2)[0]), 2) is None
    client.close()
    other.close()


@offend()
def passes_descriptors(agent, _):
    client = agent.client()
    with open("/dev/null") as file:
        for _ in range(50):
            socket.send_fds(client.socket, [message(QUERY, body=extension(EXT_TEXT, b"status"))],
                            [file.fileno()])
            client.receive()
            client.receive()
    fds = "/proc/%d/fd" % agent.process.pid
    links = [os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds)]
    assert links.count("/dev/null") <= 2, links  # the agent's own reserve, and its input
    client.close()


print("seed %d" % SEED, flush=True)
run([never_reads, never_reads_its_replies, floods_but_reads, floods_a_slow_controller,
     sends_garbage_test(hello=True), sends_garbage_test(hello=False), stops_in_the_middle,
     has_no_time, names_what_is_not_its, passes_descriptors])
