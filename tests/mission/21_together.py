#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""All of it together in one system."""
import time

import library
from events import Subscriber, fetched, make
from from_bus import Responder, answers, satellite_asks
from mission import BESIDE, MODULE, SATELLITE, main
from numbered import equal_requests, mark_and_turn_around
from tasks import QUIET_TASKS, Tasks

PROGRAMS, CLIENTS, EVENTS, REQUESTS = 4, 8, 40, 16
STATUS = (0x00, 0x01)


def show(world):
    seed = int(time.time())
    world.start(window=4)
    world.learn()
    tasks = Tasks(world, QUIET_TASKS)
    since = world.wire.mark()
    with world.library() as ours, world.library() as rights, world.library() as listening:
        holder = rights.open('holder')
        holder.reserve(library.right(*STATUS))
        subscribers = [Subscriber(listening, f'subscriber-{n}') for n in range(3)]
        owners = []
        for program in range(PROGRAMS):
            handle = ours.open(f'program-{program}')
            owners.append((handle, {client: handle.reserve_numbers(SATELLITE, client, count=1)[0]
                                    for client in range(CLIENTS)}))
        strangers = world.askers(f'stranger-{n}' for n in range(8))
        marks = mark_and_turn_around(world)
        result, made = {}, []

        def number():
            result['equal'] = equal_requests(world, ours, owners, marks)

        def wait_for_events():
            for one in subscribers:
                one.until(EVENTS)

        def make_events():
            maker = rights.open('maker')
            for mark in range(1, EVENTS + 1):
                assert maker.ask(0x04, 0x02, make(mark)).cc == 0
                made.append(mark)
                # The controller's buffer holds one: no faster than somebody could fetch.
                while mark not in subscribers[-1].events:
                    time.sleep(0.001)

        def refuse():
            for turn in range(20):
                for place, one in enumerate(strangers):
                    assert one.ask(*STATUS) == b'\xd5', one.name
                    question, answer = world.question(turn * len(strangers) + place)
                    assert one.ask(question[0], question[1], question[2:]) == answer, one.name
                assert holder.ask(*STATUS).cc == 0

        def answer_the_board():
            with world.library() as theirs:
                responder, satellite = Responder(theirs, 'responder'), theirs.open('satellite')
                for turn in range(REQUESTS):
                    satellite_asks(satellite, turn, bytes([turn]))
                responder.serve(world, REQUESTS, since)
                result['answers'] = answers(world, since)
                assert result['answers'] == [(turn, responder.says(bytes([turn])))
                                             for turn in range(REQUESTS)], result['answers']

        tasks.at_random(4, seed)
        library.in_threads([number, wait_for_events, make_events, refuse, answer_the_board])
        count = tasks.check()
        assert all(one.events == made and not one.lost for one in subscribers)
        assert fetched(world, since) == made, 'events on the wire'
    seen = len(world.wire.requests(*STATUS, since=since))
    assert seen == 20, f'{seen} of a reserved command on the wire, its holder sent 20'
    equal, turned = result['equal']
    return (f'at once: {count} tool runs as alone, {equal} equal requests told apart ({turned} '
            f'out of order), {len(made)} events at {len(subscribers)} subscribers, a right held '
            f'against {8 * 20} requests with 0 on the wire, {len(result["answers"])} requests of a '
            f'board answered; '
            f'{world.judged()}')


main(show, BESIDE, MODULE)
