#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent offers handles, rights, messages."""
import library
from events import Subscriber, fetched, happen
from from_bus import Responder, answers, satellite_asks
from mission import BESIDE, MODULE, main

EPERM, ENOENT = 1, 2


def show(world):
    world.start()
    with world.library() as ours, world.library() as others:
        # 7: handles
        handles = [ours.open(f'own-{n}') for n in range(8)]
        other = others.open('other')
        rows = world.clients()
        assert len({row['handle'] for row in rows}) == 9 and len({row['client'] for row in rows}), \
            rows
        # 8: rights, all or nothing, the holder named
        since = world.wire.mark()
        status, capabilities = library.right(0x00, 0x01), library.right(0x00, 0x00)
        handles[0].reserve(status)
        holder = library.Holder()
        try:
            other.reserve(capabilities, status, holder=holder)
            raise AssertionError('a right was given twice')
        except library.Failed as refused:
            assert refused.error == EPERM and holder.index == 1, refused
        assert {row['handle']: row['name'] for row in rows}[holder.handle] == 'own-0'
        assert handles[1].ask(0x00, 0x00).error == 0, 'half a list was granted'
        for stranger in (handles[1], other):
            answer = stranger.ask(0x00, 0x01)
            assert (answer.error, answer.cc, answer.sent) == (-EPERM, 0xD5, 0), answer
        assert handles[0].ask(0x00, 0x01).cc == 0
        assert len(world.wire.requests(0x00, 0x01, since=since)) == 1
        handles[0].release()
        assert other.ask(0x00, 0x01).cc == 0
        # 9: messages, of those that are asked for
        wants = Subscriber(ours, 'wants')
        hot = Subscriber(others, 'hot', clauses=[library.clause(sensor=0x31)], exclusive=True)
        try:
            Subscriber(ours, 'late', clauses=[library.clause(sensor_type=1)], exclusive=True)
            raise AssertionError('messages were given exclusively to two')
        except library.Failed as refused:
            assert refused.error == EPERM, refused
            assert {row['handle']: row['name'] for row in world.clients()}[
                refused.subscribed.holder] == 'hot'
        happen(other, wants, range(1, 11))
        happen(other, hot, [11], sensor=0x31)
        assert fetched(world) == list(range(1, 12))
        assert wants.events == list(range(1, 11)) and hot.events == [11]
        # 9: requests from the bus, to who has the right to answer them
        since = world.wire.mark()
        responder = Responder(ours, 'responder')
        for number in range(8):
            satellite_asks(other, number, bytes([number, 0x5A]))
        responder.serve(world, 8, since)
        assert answers(world, since) == [(number, responder.says(bytes([number, 0x5A])))
                                         for number in range(8)], answers(world, since)
    return ('through libvipmi: 9 handles of 2 connections; a right refused with its '
            'holder\'s name, 2 strangers\' requests D5 and 0 on the wire; 10 of 10 events, '
            'and one that is somebody\'s alone; 8 requests of a board answered by who holds that '
            'right; '
            f'{world.judged()}')


main(show, BESIDE, MODULE)
