#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many programs, many handles, equal tags: each its own answers, and nothing left behind.

usage: test_handles.py VIPMID [SEED]
"""
import os
import random
import select
import signal
import sys
import time

from agent import (Agent, Client, ERROR, FULL, Fru, HELLO, Message, OPENED, fork, message,
                   raise_files, run, settle)

VIPMID = sys.argv[1]
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
TAG = 0x5A5A5A5A5A5A5A5A


def connections(agent, fru, first, count):
    """One connection for each handle, all waiting at the same time."""
    clients = [agent.client() for _ in range(count)]
    handles = [client.handle() for client in clients]
    for i, client in enumerate(clients):
        client.send(fru.request(handles[i], first + i, TAG))
    for i, client in enumerate(clients):
        answer = client.receive()
        assert (answer.handle, answer.tag) == (handles[i], TAG)
        fru.check(answer, first + i)
    return clients


def one_connection(agent, fru, first, count):
    """One connection with all the handles, and every request under the same tag."""
    client = agent.client()
    handles = [client.handle() for _ in range(count)]
    for i, handle in enumerate(handles):
        client.send(fru.request(handle, first + i, TAG))
    waiting = {handle: first + i for i, handle in enumerate(handles)}
    while waiting:
        answer = client.receive()
        assert answer.tag == TAG
        fru.check(answer, waiting.pop(answer.handle))
    return client


def a_thousand_opens_in_eight_processes():
    agent = Agent(VIPMID, "chassis:service=0")
    fru = Fru(agent)
    observer = agent.client()
    before = observer.gauges()
    children = [fork(connections if i % 2 else one_connection, agent, fru, i * 125, 125)
                for i in range(8)]
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    settle(observer, before)
    agent.stop()


def many_clients(agent, fru, count):
    """All ask at once and are read in whatever order they are served."""
    clients, epoll = {}, select.epoll()
    for i in range(count):
        client = agent.client()
        clients[client.socket.fileno()] = (client, client.handle(), i)
        epoll.register(client.socket.fileno(), select.EPOLLIN)
    for client, handle, number in clients.values():
        client.send(fru.request(handle, number, TAG))
    waiting = set(clients)
    while waiting:
        ready = epoll.poll(60)
        assert ready, "%d clients got no answer" % len(waiting)
        for descriptor, _ in ready:
            client, handle, number = clients[descriptor]
            answer = client.receive()
            assert (answer.handle, answer.tag) == (handle, TAG)
            fru.check(answer, number)
            waiting.remove(descriptor)
    return [client for client, _, _ in clients.values()]


def two_hundred_and_fifty_seven_clients():
    agent = Agent(VIPMID, "chassis:service=0")
    fru = Fru(agent)
    observer = agent.client()
    before = observer.gauges()
    for client in many_clients(agent, fru, 257):
        client.close()
    settle(observer, before)
    agent.stop()


def four_thousand_and_ninety_six_clients_and_one_too_many():
    agent = Agent(VIPMID, "chassis:service=0")
    fru = Fru(agent)
    observer = agent.client()
    before = observer.gauges()
    clients = many_clients(agent, fru, 4096)
    late = agent.client()
    refused = late.open()
    assert refused.kind == OPENED and refused.reason == FULL, refused.reason
    assert "max-handles" in refused.text, refused.text
    # The refusal concerns the handle, not the connection; with one gone there is room.
    clients.pop().close()
    settle(observer, dict(observer.gauges(), handles=4095, requests=0, unread=0))
    fru.check(late.ask(late.handle(), 0x0A, 0x11, fru.question(5)[0]), 5)
    for client in clients + [late]:
        client.close()
    settle(observer, before)
    agent.stop()


def one_connection_too_many_hears_why():
    agent = Agent(VIPMID, "chassis:service=0", "--max-handles", "4")
    # As many as handles, and 64 to spare (core/limits.h).
    clients = [agent.client() for _ in range(4 + 64)]
    for _ in range(5):
        late = Client(agent.path, hello=False)
        try:
            late.send(message(HELLO))  # as a program does, which cannot know yet
        except BrokenPipeError:
            pass
        error = late.receive()
        assert error.kind == ERROR and error.reason == FULL and "max-handles" in error.text
    clients.pop().close()
    settle(clients[0], dict(clients[0].gauges(), clients=67))
    agent.client().close()
    assert "max-handles" in agent.log()
    agent.stop()


def victim(agent, fru, seed):
    """Opens, asks and closes without end, until it is killed."""
    dice = random.Random(seed)
    clients = []
    while True:
        client = agent.client()
        handles = [client.handle() for _ in range(dice.randrange(1, 12))]
        for _ in range(dice.randrange(60)):
            client.send(fru.request(dice.choice(handles), dice.randrange(4000), TAG,
                                    time_ms=dice.choice((0, 1, 20, 5000))))
        for _ in range(dice.randrange(10)):
            client.socket.settimeout(0.05)
            try:
                Message(client.socket.recv(2048))
            except TimeoutError:
                break
        clients.append(client)
        if len(clients) > 5:
            clients.pop(dice.randrange(len(clients))).close()


def killed_at_any_moment_nothing_is_left_behind():
    dice = random.Random(SEED)
    print("seed %d" % SEED, flush=True)
    for link in ("chassis:service=0", "chassis:service=100"):
        agent = Agent(VIPMID, link)
        fru = Fru(agent)
        observer = agent.client()
        bystander = agent.client()
        handle = bystander.handle()
        before = observer.gauges()
        for _ in range(4):
            victims = [fork(victim, agent, fru, dice.random()) for _ in range(8)]
            while victims:
                time.sleep(dice.random() * 0.15)
                batch = [victims.pop() for _ in range(dice.randrange(1, len(victims) + 1))]
                for pid in batch:
                    os.kill(pid, signal.SIGKILL)
                for pid in batch:
                    assert os.waitpid(pid, 0)[1] == signal.SIGKILL, "a victim gave up by itself"
                if link == "chassis:service=0":
                    number = dice.randrange(4000)
                    fru.check(bystander.ask(handle, 0x0A, 0x11, fru.question(number)[0]), number)
            settle(observer, before)
            fru.check(bystander.ask(handle, 0x0A, 0x11, fru.question(7)[0]), 7)
        agent.stop()


raise_files()
run([a_thousand_opens_in_eight_processes,
     two_hundred_and_fifty_seven_clients,
     four_thousand_and_ninety_six_clients_and_one_too_many,
     one_connection_too_many_hears_why,
     killed_at_any_moment_nothing_is_left_behind])
