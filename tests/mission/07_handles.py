#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A handle to a virtual controller."""
import os
import sys

from mission import main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'integration'))
from agent import CLOSE, Client, message, request  # noqa: E402

HANDLES = 40
STALE = 10  # enum vipmi_reason


def show(world):
    world.start()
    world.learn()
    with world.library() as ours:
        handles = [ours.open(f'handle-{n}') for n in range(HANDLES)]
        listed = {row['name']: row for row in world.clients()}
        assert len(listed) == HANDLES and \
            {row['pid'] for row in listed.values()} == {os.getpid()}, listed
        for number, handle in enumerate(handles):
            question, answer = world.question(number)
            got = handle.ask(question[0], question[1], question[2:])
            assert bytes([got.cc]) + got.data == answer, got
        for handle in handles[::2]:
            handle.close()
        left = {row['name'] for row in world.clients()}
        assert left == {f'handle-{n}' for n in range(1, HANDLES, 2)}, left
        answer = handles[1].ask(6, 4)
        assert (answer.cc, answer.data) == (0, b'\x55\0'), answer
    assert not world.clients(), 'handles outlived their connection'
    # What the library does not even allow: a number that was valid, and somebody else's.
    first, other = Client(world.target), Client(world.target)
    handle = first.handle()
    assert first.ask(handle, 6, 4).cc == 0
    since = world.wire.mark()
    for client, closes in ((other, False), (first, True)):
        if closes:
            client.send(message(CLOSE, handle=handle))
            client.receive()
        client.send(request(handle, 1, 6, 4))
        refused = client.receive()
        assert refused.reason == STALE, (refused.kind, refused.reason, refused.text)
    assert not world.wire.requests(6, 4, since=since), 'a stale handle reached the controller'
    return (f'{HANDLES} handles at once on one connection, half closed, all gone with it; a '
            f'stale one and another program\'s are refused, 0 of their requests on the wire; '
            f'{world.judged()}')


main(show)
