#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asynchronous messages on request."""
import json
import signal

import library
from events import Subscriber, fetched, happen, mark_of, records
from from_bus import COMMAND, NOBODYS, OEM, Responder, answers, satellite_asks
from mission import main, wait_until

SUBSCRIBERS, EVENTS = 20, 1200
EPERM = 1
TEMPERATURE, FAN, SLOT = 0x01, 0x04, 0x21
THRESHOLD, SPECIFIC, ENDS = 0x01, 0x6F, 0x80

# What happens, over and over: sensor type, sensor, direction and reading type, offset.
KINDS = ((TEMPERATURE, 0x30, THRESHOLD, 9), (TEMPERATURE, 0x31, THRESHOLD, 7),
         (TEMPERATURE, 0x30, THRESHOLD | ENDS, 9), (FAN, 0x40, THRESHOLD, 2),
         (SLOT, 0x4A, SPECIFIC, 4))
# For each: a filter of the library, options of the command line, and what a record must be (32.1).
FILTERS = (
    (library.clause(sensor_type=TEMPERATURE), '--sensor-type temperature',
     lambda record: record[10] == TEMPERATURE),
    (library.clause(sensor=0x30), '--sensor 30h', lambda record: record[11] == 0x30),
    (library.clause(directions=2), '--deassert', lambda record: record[12] & 0x80),
    (library.clause(offsets=1 << 9 | 1 << 4), '--offset 9,4',
     lambda record: record[13] & 15 in (9, 4)),
    (library.clause(severity=2), '--severity critical',
     lambda record: record[12] & 0x7F == THRESHOLD and record[13] & 15 in (2, 9)),
    (library.clause(kinds=0x80), '--kind chassis', lambda record: record[10] == SLOT),
)


def everybody_hears_everything_once(world):
    with world.library() as ours, world.library() as maker_library:
        awake = [Subscriber(ours, f'subscriber-{n}') for n in range(SUBSCRIBERS)]
        deaf = world.askers(['not-subscribed'])[0]
        maker = maker_library.open('maker')
        # On the connection that asks, and never looks at what it got: it shall be told.
        asleep = Subscriber(maker_library, 'asleep')
        marks = list(range(1, EVENTS + 1))
        happen(maker, awake[0], marks)
        for one in awake:
            one.until(EVENTS)
            assert one.events == marks and not one.lost, 'an event is lost, twice, out of order'
        on_wire = fetched(world)
        assert on_wire == marks, f'{len(on_wire)} events were fetched from the controller'
        while len(asleep.events) + asleep.lost < EVENTS:
            assert maker_library.wait(60000) >= 0
        assert asleep.lost > 0 and len(asleep.events) + asleep.lost == EVENTS, asleep.lost
        assert deaf.ask(6, 4)[0] == 0
        return (f'{EVENTS} events, each fetched once from the controller, in order at '
                f'{SUBSCRIBERS} subscribers; one that slept had {len(asleep.events)} and was '
                f'told it lost {asleep.lost}')


def filters_let_through_what_they_say(world, ours, maker):
    """The wire is the judge: what the controller gave out, and who should have it."""
    since = world.wire.mark()
    subscribers = [Subscriber(ours, f'filter-{n}', clauses=[one[0]])
                   for n, one in enumerate(FILTERS)]
    commands = [world.start_program(
        [world.vipmi_program, 'event', 'follow', '--numbers', '-o', 'jsonl', *one[1].split()])
        for one in FILTERS]
    pacer = Subscriber(ours, 'pacer')
    wait_until(lambda: sum(row['events'] for row in world.clients())
               == len(subscribers) + len(commands) + 1, 'the subscriptions')
    for mark in range(20):
        sensor_type, sensor, direction_and_type, offset = KINDS[mark % len(KINDS)]
        happen(maker, pacer, [mark], sensor_type=sensor_type, sensor=sensor,
               direction_and_type=direction_and_type, offset=offset)
    given = records(world, since)
    assert len(given) == 20, given
    for (_, words, wanted), subscriber, command in zip(FILTERS, subscribers, commands):
        marks = [mark_of(record) for record in given if wanted(record)]
        assert 0 < len(marks) < 20
        subscriber.until(len(marks))
        assert subscriber.events == marks and not subscriber.lost, words
        lines = [json.loads(command.stdout.readline()) for _ in marks]
        assert [mark_of(bytes.fromhex(line['data'])) for line in lines] == marks, words
        command.send_signal(signal.SIGINT)
        assert command.communicate(timeout=60)[0] == '' and command.returncode == 0, words
        subscriber.handle.close()


def what_is_exclusive_goes_to_one(world, ours, others, maker):
    holder = Subscriber(ours, 'holder', clauses=[library.clause(sensor_type=FAN)], exclusive=True)
    open_to_all = Subscriber(others, 'open to all')
    stranger = others.open('stranger')
    try:
        stranger.subscribe(lambda *_: None, clauses=[library.clause(sensor=0x40)], exclusive=True)
        raise AssertionError('an event was given exclusively to two')
    except library.Failed as refused:
        assert refused.error == EPERM, refused
        names = {row['handle']: row['name'] for row in world.clients()}
        assert names[refused.subscribed.holder] == 'holder', names
    happen(maker, holder, [1001], sensor_type=FAN, sensor=0x40, offset=2)
    happen(maker, open_to_all, [1002])
    assert holder.events == [1001] and open_to_all.events == [1002]
    holder.handle.close()


def one_that_dies_comes_back(world, ours, maker):
    pacer = Subscriber(ours, 'pacer-2')
    dying = world.library()
    victim = Subscriber(dying, 'victim')
    happen(maker, pacer, range(1, 6))
    victim.until(5)
    place = dying.boot_id(), victim.last
    dying.close()
    happen(maker, pacer, range(6, 26))
    with world.library() as living:
        back = Subscriber(living, 'back', start=library.AFTER, after=place)
        back.until(20)
        assert back.events == list(range(6, 26)) and not back.lost and not back.subscribed.gap
        elsewhere = Subscriber(living, 'elsewhere', start=library.AFTER, after=(bytes(16), 7))
        assert elsewhere.subscribed.gap == library.LOST_UNKNOWN
    pacer.handle.close()


def its_holder_answers_a_request(world, ours, others):
    """A board asks this machine's software: who holds the right to receive it is given it and
    answers, one after the other; the others hear of it only while nobody holds it."""
    satellite, since = others.open('satellite'), world.wire.mark()
    onlooker, heard = others.open('onlooker'), []
    onlooker.subscribe(lambda kind, number, lost, data: heard.append(data),
                       clauses=[library.clause(kinds=1 << library.REQUEST)])
    wanted = []

    def ask(number, answer, data=b'', **more):
        satellite_asks(satellite, number, data, **more)
        wanted.append((number, answer))
    for number, name in enumerate(('first', 'second')):
        ask(10 * number, b'\xc1', bytes([number]))
        with world.library() as theirs:
            holder = Responder(theirs, name)
            try:
                onlooker.reserve(library.right(OEM, COMMAND, library.RECEIVE))
                raise AssertionError('two may receive one request')
            except library.Failed as refused:
                assert refused.error == EPERM, refused
            for turn in range(1, 9):
                data = bytes([number, turn])
                ask(10 * number + turn, holder.says(data), data)
            ask(10 * number + 9, b'\xc1', b'other', command=NOBODYS)
            holder.serve(world, len(wanted), since)
        wait_until(lambda: not world.rows('reservation', 'list'), 'the right to end with its program')
    wait_until(lambda: others.wait(20) >= 0 and len(heard) == 4, 'what the onlooker hears')
    assert heard == [b'\0', b'other', b'\1', b'other'], heard
    assert sorted(answers(world, since)) == wanted, answers(world, since)
    return len(wanted) - len(heard), len(heard)


def show(world):
    world.start()
    evidence = everybody_hears_everything_once(world)
    with world.library() as ours, world.library() as others:
        maker = others.open('maker')
        filters_let_through_what_they_say(world, ours, maker)
        what_is_exclusive_goes_to_one(world, ours, others, maker)
        one_that_dies_comes_back(world, ours, maker)
        answered, declined = its_holder_answers_a_request(world, ours, others)
    return (evidence + f'; {len(FILTERS)} filters, by library and command line, let through what '
            'the wire says they should; an exclusive one refused with its holder named; one that died '
            f'and came back missed none of 20; {answered} requests of a board answered by the two '
            f'who held the right, {declined} that nobody held with C1; {world.judged()}')


main(show)
