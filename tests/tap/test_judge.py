#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The judge judged: what is right passes, and each planted violation is found by its own check."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from diary import ANSWERED, CONTROLLER, EXPIRED, FAILED, REFUSED  # noqa: E402
from diary import Asked, Diary, Heard, Held, Owned  # noqa: E402
from judge import CHECKS, Rules, judge, rested  # noqa: E402
from record import Record, frame_line, read_log  # noqa: E402
from vm import (Decoder, Frame, Inner, answering, asked_from_bus, asking, frame_bytes,  # noqa: E402
                received, request_on_bus, send_message)

SLOT, OTHER = 0xB4, 0xB6
READ, WRITE = (0x0A, 0x11), (0x0A, 0x12)


class Story:
    """A record and a diary, written line by line."""

    def __init__(self, **rules):
        self.record, self.diary, self.rules = Record(), Diary(), Rules(**rules)
        self.sequence = 0

    def down(self, at, netfn, command, data=b'', sequence=None):
        if sequence is None:
            self.sequence += 1
        frame = Frame(at, True, self.sequence if sequence is None else sequence, netfn, 0,
                      command, bytes(data))
        self.record.frames.append(frame)
        return frame.sequence

    def up(self, at, sequence, cc=0, data=b''):
        asked = next(f for f in reversed(self.record.frames) if f.down and f.sequence == sequence)
        self.record.frames.append(Frame(at, False, sequence, asked.netfn | 1, 0, asked.command,
                                        bytes(data), cc))

    def direct(self, at, netfn, command, data=b'', cc=0, answer=b'', took=0.01):
        self.up(at + took, self.down(at, netfn, command, data), cc, answer)

    def send(self, at, number, data=b'', address=SLOT, command=READ, cc=0):
        """A request that goes to the bus, at once taken."""
        message = send_message(address, *command, data, number=number)
        self.up(at + 0.001, self.down(at, 0x06, 0x34, message), cc)
        return request_on_bus(message)

    def arrive(self, at, inner, cc=0, answer=b''):
        self.up(at, self.down(at - 0.001, 0x06, 0x33), 0, received(inner, cc, answer))

    def round(self, at, number, data=b'', answer=b'', **more):
        self.arrive(at + 0.02, self.send(at, number, data, **more), 0, answer)

    def ask(self, program, at, answered, data=b'', answer=b'', responder=(0, SLOT), command=READ,
            outcome=ANSWERED, cc=0, **more):
        one = Asked(program, len(self.diary.asked), at, responder, *command, bytes(data), **more)
        if answered is not None:
            one.outcome, one.cc, one.answer = outcome, cc, bytes(answer)
            one.answered, one.answers = answered, 1
        self.diary.asked.append(one)
        return one

    def faults(self):
        return [fault.check for fault in judge(self.record, self.diary, self.rules)]


class Judge(unittest.TestCase):
    def good(self, story):
        self.assertEqual([str(f) for f in judge(story.record, story.diary, story.rules)], [])

    def bad(self, story, check, count=1):
        self.assertEqual(story.faults(), [check] * count)

    # ---- owners ----

    def test_numbers_in_turn(self):
        story = Story()
        for turn in range(200):
            story.round(turn / 10, turn % 64, bytes([turn]))
        self.good(story)

    def test_two_owners(self):
        story = Story()
        first = story.send(1.0, 5, b'a')
        story.send(1.1, 5, b'b')
        story.arrive(1.2, first)
        self.bad(story, 'owners')

    def test_same_number_elsewhere(self):
        story = Story()
        story.send(1.0, 5, b'a')
        story.send(1.1, 5, b'b', address=OTHER)
        self.good(story)

    def test_refused_was_never_in_flight(self):
        story = Story()
        story.send(1.0, 5, b'a', cc=0x83)
        story.round(1.1, 5, b'b')
        self.good(story)

    def test_stranger_under_a_reserved_number(self):
        story = Story()
        story.diary.owned.append(Owned('owner', 1.0, 0, SLOT, 5))
        story.ask('owner', 1.9, 2.1, b'a', number=5)
        story.round(2.0, 5, b'a')
        self.good(story)
        story.round(3.0, 5, b'b')
        self.bad(story, 'owners')

    def test_number_given_back(self):
        story = Story()
        story.diary.owned.append(Owned('owner', 1.0, 0, SLOT, 5, until=2.0))
        story.round(3.0, 5, b'b')
        self.good(story)

    def test_granted_twice(self):
        story = Story()
        story.diary.owned.append(Owned('one', 1.0, 0, SLOT, 5))
        story.diary.owned.append(Owned('two', 2.0, 0, SLOT, 5))
        self.bad(story, 'owners')

    # ---- rest ----

    def test_rests(self):
        for at, right in ((6.7, False), (7.1, True)):
            story = Story()
            story.send(1.0, 5, b'a')
            story.round(at, 5, b'b')
            (self.good if right else lambda s: self.bad(s, 'rest'))(story)

    def test_second_send_is_no_other_owner_and_rests(self):
        for at, right in ((7.0, False), (7.4, True)):
            story = Story()
            story.send(1.0, 5, b'a')
            story.arrive(2.3, story.send(2.1, 5, b'a'))
            story.round(at, 5, b'b')
            (self.good if right else lambda s: self.bad(s, 'rest'))(story)

    def test_late_response_ends_no_quarantine(self):
        for outcome, right in ((FAILED, False), (EXPIRED, True)):
            story = Story()
            story.ask('one', 0.9, 2.5, b'a', outcome=outcome)
            story.arrive(3.0, story.send(1.0, 5, b'a'))
            story.round(3.5, 5, b'b')
            (self.good if right else lambda s: self.bad(s, 'rest'))(story)

    def test_busy_is_asked_again_and_needs_no_rest(self):
        story = Story()
        story.arrive(1.1, story.send(1.0, 5, b'a'), 0xC0)
        story.round(1.2, 5, b'a')
        story.round(1.5, 5, b'b')
        self.good(story)
        story.arrive(1.7, story.send(1.6, 5, b'c'), 0xC0)
        story.arrive(2.9, story.send(2.8, 5, b'c'))
        story.arrive(2.95, story.send(2.92, 5, b'c'))
        self.good(story)

    def test_returns(self):
        for numbers, right in ((range(64), True), (range(10, 64), False)):
            story = Story()
            story.send(1.0, 5, b'a')
            for turn in range(200):
                story.round(30 + turn / 10, numbers[turn % len(numbers)], bytes([turn]))
            (self.good if right else lambda s: self.bad(s, 'rest'))(story)
            self.assertEqual(rested(story.record, story.diary, story.rules), (1, int(right)))

    # ---- rights ----

    HELD = (0x00, 0x02)

    def held(self, **more):
        story = Story()
        story.diary.held.append(Held('holder', 1.0, *self.HELD, **{'until': 9.0} | more))
        return story

    def test_holder_and_before_and_after(self):
        story = self.held()
        story.ask('stranger', 0.9, 1.2, responder=CONTROLLER, command=self.HELD)
        story.direct(1.1, *self.HELD)  # asked before the right was: on its way
        story.ask('holder', 1.9, 2.1, responder=CONTROLLER, command=self.HELD)
        story.direct(2.0, *self.HELD)
        story.direct(9.1, *self.HELD)
        story.direct(2.2, 0x00, 0x01)
        self.good(story)

    def test_raw(self):
        story = self.held()
        story.direct(2.0, *self.HELD)
        self.bad(story, 'rights')

    def test_one_request_explains_one_frame(self):
        story = self.held()
        story.ask('holder', 1.9, 2.5, responder=CONTROLLER, command=self.HELD)
        story.direct(2.0, *self.HELD)
        story.direct(2.1, *self.HELD)
        self.bad(story, 'rights')

    def test_nested_broadcast_alias(self):
        inner = send_message(0x20, *self.HELD, b'')
        ways = {
            'own address': inner,
            'own address on another channel': send_message(0x20, *self.HELD, channel=7),
            'nested': send_message(0x20, 0x06, 0x34, inner),
            'nested twice': send_message(SLOT, 0x06, 0x34, send_message(0x20, 0x06, 0x34, inner)),
            'broadcast': inner[:1] + b'\0' + inner[1:],
            'tracked': send_message(0x20, *self.HELD, tracking=1),
        }
        for way, data in ways.items():
            for address in (None, 0x20):
                with self.subTest(way, address=address):
                    story = self.held(address=address)
                    story.up(2.1, story.down(2.0, 0x06, 0x34, data), 0xCC)
                    self.bad(story, 'rights')

    def test_master_write_read(self):
        story = self.held()
        inner = send_message(0x20, *self.HELD)[1:]
        story.direct(2.0, 0x06, 0x52, bytes([1, inner[0], 0]) + inner[1:])
        self.bad(story, 'rights')

    def test_held_at_one_address_only(self):
        story = self.held(address=OTHER)
        story.send(2.0, 1, command=self.HELD)
        story.direct(3.0, *self.HELD)
        self.good(story)
        story.send(4.0, 1, address=OTHER, command=self.HELD)
        self.bad(story, 'rights')

    def test_all_commands_and_body(self):
        for body, faults in ((b'\0', 1), (b'\1', 0)):
            story = Story()
            story.diary.held.append(Held('holder', 1.0, 0x2C, body=body))
            story.direct(2.0, 0x2C, 7, b'\0')
            self.bad(story, 'rights', faults)

    # ---- leases ----

    def test_lease(self):
        """Reserved between 1.0 and 1.2, for 2 s: it ends between 3.0 and 3.2."""
        for program, at, right in (('stranger', 2.7, False), ('holder', 2.7, True),
                                   ('stranger', 3.1, True)):
            story = Story()
            story.diary.held.append(Held('holder', 1.2, *self.HELD, asked=1.0, lease_s=2.0))
            story.ask(program, at - 0.1, at + 0.1, responder=CONTROLLER, command=self.HELD)
            story.direct(at, *self.HELD)
            with self.subTest(program, at=at):
                (self.good if right else lambda s: self.bad(s, 'leases'))(story)

    def test_lease_renewed(self):
        for at, right in ((4.2, False), (4.7, True)):
            story = Story()
            for asked in (1.0, 2.5):
                story.diary.held.append(Held('holder', asked + 0.1, *self.HELD, asked=asked,
                                             lease_s=2.0))
            story.direct(at, *self.HELD)
            (self.good if right else lambda s: self.bad(s, 'leases'))(story)

    def refused(self, at, **more):
        story = Story()
        story.diary.held.append(Held('holder', 1.2, *self.HELD, asked=1.0, **more))
        story.ask('stranger', at, at + 0.1, responder=CONTROLLER, command=self.HELD, outcome=REFUSED,
                  cc=0xD5)
        return story

    def test_refused_while_held(self):
        for at in (0.95, 1.1, 3.1):
            self.good(self.refused(at, lease_s=2.0))
            self.good(self.refused(at, until=3.0, gone=3.2))

    def test_refused_past_the_lease(self):
        self.bad(self.refused(3.5, lease_s=2.0), 'leases')
        self.bad(self.refused(0.5, lease_s=2.0), 'rights')

    def test_refused_past_the_release(self):
        self.bad(self.refused(3.3, until=3.0, gone=3.2), 'rights')

    def test_refused_to_its_holder(self):
        story = self.refused(2.0)
        story.diary.asked[0].program = 'holder'
        self.bad(story, 'rights')

    # ---- requests from the bus ----

    def from_bus(self, answer=b'\0!', answered=2.2, program='holder', heard=2.1, **held):
        """At 2.0 the satellite asks what somebody has the right to receive."""
        story = Story()
        story.diary.held.append(Held('holder', 1.2, 0x30, 0x41, asked=1.0, receive=True, **held))
        one = Inner(0, 0x20, 2, SLOT, 1, 0x30, 0x41, 9, b'a')
        story.up(2.0, story.down(1.9, 0x06, 0x33), 0, asking(one))
        if program:
            story.diary.heard.append(Heard(program, heard, (0, SLOT, 9, 0x30, 0x41, b'a'),
                                           b'\0!', True))
        for at in [answered] if isinstance(answered, float) else answered:
            story.up(at, story.down(at, 0x06, 0x34, answering(one, answer)))
        return story

    def test_request_is_answered_by_its_holder(self):
        self.good(self.from_bus())
        story = self.from_bus()
        story.diary.heard[0].answer = story.diary.heard[0].went = None
        self.bad(story, 'incoming')  # he said nothing
        story = self.from_bus(answered=[])
        story.diary.heard[0].went = False
        self.good(story)  # and was told that it did not get through

    def test_request_of_nobody_is_answered_c1(self):
        self.good(self.from_bus(b'\xc1', program=None, until=1.5, gone=1.8))
        self.bad(self.from_bus(program=None, until=1.5, gone=1.8), 'incoming')
        self.bad(self.from_bus(answered=[], program=None, until=1.5, gone=1.8), 'incoming')

    def test_request_while_a_right_ends(self):
        self.good(self.from_bus(b'\xc1', program=None, until=1.9, gone=2.3))
        self.good(self.from_bus(until=1.9, gone=2.3))
        self.good(self.from_bus(answered=[], program=None, until=1.9, gone=2.3))

    def test_request_and_who_should_not_have_it(self):
        for story in (self.from_bus(program='stranger'), self.from_bus(gone=1.5),
                      self.from_bus(b'\xc1', program=None), self.from_bus(answered=[], program=None),
                      self.from_bus(b'\0?'), self.from_bus(answered=[2.2, 2.4]),
                      self.from_bus(answered=[]), self.from_bus(answered=9.0)):
            self.assertEqual(set(story.faults()), {'incoming'})

    def test_request_given_twice(self):
        story = self.from_bus()
        story.diary.heard.append(Heard('holder', 2.15, story.diary.heard[0].key))
        self.bad(story, 'incoming')

    def test_request_given_before_it_came(self):
        self.assertEqual(set(self.from_bus(heard=1.9).faults()), {'incoming'})

    def test_request_sent_again(self):
        """Both come before the first is given; each is given and answered."""
        story = self.from_bus(answered=[])
        one = Inner(0, 0x20, 2, SLOT, 1, 0x30, 0x41, 9, b'a')
        story.up(2.05, story.down(2.01, 0x06, 0x33), 0, asking(one))
        story.diary.heard.append(Heard('holder', 2.15, story.diary.heard[0].key, b'\0?', True))
        for at, answer in ((2.2, b'\0!'), (2.3, b'\0?')):
            story.up(at, story.down(at, 0x06, 0x34, answering(one, answer)))
        self.good(story)
        story.diary.heard.append(Heard('holder', 2.16, story.diary.heard[0].key))
        self.bad(story, 'incoming')

    def test_answer_to_nothing(self):
        story = Story()
        one = Inner(0, 0x20, 2, SLOT, 1, 0x30, 0x41, 9, b'a')
        story.up(2.0, story.down(2.0, 0x06, 0x34, answering(one, b'\0')))
        self.bad(story, 'incoming')

    # ---- order ----

    def two(self, first, second, mutates=(False, False)):
        """One handle asks a, then b; on the wire they are where the times say."""
        story = Story(window=9)
        for turn, (at, answered) in enumerate((first, second)):
            story.ask('one', 0.1 + turn / 100, 9.0, bytes([turn]), responder=CONTROLLER,
                      mutates=mutates[turn])
        frames = sorted([(first[0], 'd', 0), (first[1], 'u', 0), (second[0], 'd', 1),
                         (second[1], 'u', 1)])
        for at, way, turn in frames:
            if way == 'd':
                story.down(at, *READ, bytes([turn]), sequence=turn)
            else:
                story.up(at, turn)
        return story

    def test_reads_overlap(self):
        self.good(self.two((1, 4), (2, 3)))

    def test_overtaken(self):
        self.bad(self.two((2, 4), (1, 3)), 'order')

    def test_overtaken_by_another_handle(self):
        story = self.two((2, 4), (1, 3))
        story.diary.asked[1].program = 'two'
        self.good(story)

    def test_barriers(self):
        self.good(self.two((1, 2), (3, 4), (True, True)))
        self.bad(self.two((1, 3), (2, 4), (True, False)), 'order')
        self.bad(self.two((1, 3), (2, 4), (False, True)), 'order')

    def test_barrier_on_the_bus(self):
        for at, right in ((1.5, False), (2.5, True)):
            story = Story()
            story.ask('one', 0.1, 9, b'a', mutates=True)
            story.ask('one', 0.2, 9, b'b')
            first = story.send(1.0, 1, b'a')
            if right:
                story.arrive(2.0, first)
            second = story.send(at, 2, b'b')
            if not right:
                story.arrive(2.0, first)
            story.arrive(3.0, second)
            (self.good if right else lambda s: self.bad(s, 'order'))(story)

    # ---- windows ----

    def test_window(self):
        for window, right in ((2, True), (1, False)):
            story = Story(window=window)
            first, second = story.down(1.0, *READ), story.down(1.1, *READ)
            story.up(1.2, first)
            story.up(1.3, second)
            (self.good if right else lambda s: self.bad(s, 'windows'))(story)

    def test_silent_request_leaves_the_window(self):
        story = Story()
        story.down(1.0, *READ)
        story.direct(7.0, *READ)
        self.good(story)

    def test_bus_window(self):
        for window, right in ((3, True), (2, False)):
            story = Story(bus_window=window)
            for number in range(3):
                story.send(1.0 + number / 10, number, bytes([number]))
            (self.good if right else lambda s: self.bad(s, 'windows'))(story)

    def test_sequence_twice(self):
        story = Story(window=9)
        story.down(1.0, *READ, sequence=1)
        story.down(1.1, *READ, sequence=1)
        self.bad(story, 'windows')

    # ---- answers ----

    def test_answers(self):
        story = Story(window=2)
        story.ask('one', 0.9, 1.5, b'a', b'A')
        story.ask('two', 0.9, 1.6, b'b', b'B')
        story.ask('three', 0.9, 1.6, b'c', outcome=REFUSED, cc=0xC1)
        one, two = story.send(1.0, 1, b'a'), story.send(1.1, 2, b'b')
        story.arrive(1.2, two, 0, b'B')
        story.arrive(1.3, one, 0, b'A')
        self.good(story)
        # A mix-up: each got the other's.
        story.diary.asked[0].answer, story.diary.asked[1].answer = b'B', b'A'
        self.bad(story, 'answers', 2)

    def test_direct_answers(self):
        story = Story()
        story.ask('one', 0.9, 1.5, b'a', b'A', responder=CONTROLLER)
        story.direct(1.0, *READ, b'a', 0, b'A')
        self.good(story)
        story.diary.asked[0].cc = 0xCB
        self.bad(story, 'answers')

    def test_shared_answers(self):
        def story(*asked, command=READ, responder=CONTROLLER):
            story = Story()
            for turn, at in enumerate(asked):
                story.ask(f'program-{turn}', at, 1.5, b'a', b'A', responder=responder)
                story.diary.asked[-1].netfn, story.diary.asked[-1].command = command
            story.direct(1.0, *command, b'a', 0, b'A')
            return story
        self.good(story(0.9, 0.8, 0.7))
        self.bad(story(0.9, 1.1), 'answers', 1)  # it had gone out already
        self.bad(story(0.9, 0.8, command=(0x30, 0x01)), 'answers', 1)
        self.bad(story(0.9, 0.8, command=(0x04, 0x26)), 'answers', 1)

    def test_invented(self):
        story = Story()
        story.ask('one', 0.9, 1.5, b'a', b'A')
        self.bad(story, 'answers')

    def test_twice(self):
        story = Story()
        story.round(1.0, 1, b'a', b'A')
        story.ask('one', 0.9, 1.5, b'a', b'A').answers = 2
        self.bad(story, 'answers')

    def test_one_response_for_two(self):
        story = Story()
        story.round(1.0, 1, b'a', b'A')
        story.ask('one', 0.9, 1.5, b'a', b'A')
        story.ask('two', 0.9, 1.5, b'a', b'A')
        self.bad(story, 'answers')

    def test_answer_from_before_the_question(self):
        story = Story()
        story.round(1.0, 1, b'a', b'A')
        story.ask('one', 1.1, 1.5, b'a', b'A')
        self.bad(story, 'answers')

    def test_none(self):
        story = Story()
        one = story.ask('one', 0.9, None, b'a')
        self.bad(story, 'answers')
        one.gone = True
        self.good(story)

    # ---- what happened to responses ----

    def test_misfortunes(self):
        story = Story()
        nothing = dict.fromkeys(('lost', 'late', 'twice', 'reordered'), 0)
        story.round(1.0, 1, b'a')
        story.send(1.5, 9, cc=0x83)  # never was on the bus
        self.assertEqual(story.record.misfortunes(), nothing)
        first, second = story.send(2.0, 2, b'b'), story.send(2.1, 3, b'c')
        story.arrive(2.2, second)
        story.arrive(2.3, first)
        self.assertEqual(story.record.misfortunes(), nothing | {'reordered': 1})
        story.arrive(2.4, first)
        self.assertEqual(story.record.misfortunes(), nothing | {'reordered': 1, 'twice': 1})
        story.arrive(4.2, story.send(3.0, 4, b'd'))
        # Sent again and answered in time; then the response to the first.
        lost = story.send(5.0, 5, b'e')
        story.arrive(6.2, story.send(6.1, 5, b'e'))
        self.assertEqual(story.record.misfortunes(),
                         {'reordered': 1, 'twice': 1, 'late': 1, 'lost': 1})
        story.arrive(7.5, lost)
        self.assertEqual(story.record.misfortunes(),
                         {'reordered': 2, 'twice': 1, 'late': 2, 'lost': 0})
        story.send(12.0, 6, b'f')
        story.round(20.0, 6, b'g')
        self.assertEqual(story.record.misfortunes()['lost'], 1)

    # ---- and the rest ----

    def test_every_check_has_a_violation_here(self):
        with open(__file__, encoding='utf-8') as file:
            text = file.read()
        for check in CHECKS:
            self.assertIn(f"'{check}'", text)

    def test_log(self):
        story = Story()
        story.round(1.0, 1, b'a', b'A')
        lines = [frame_line(frame) for frame in story.record.frames]
        self.assertEqual(read_log(lines).frames, story.record.frames)

    def test_request_from_the_bus(self):
        for data in (b'', b'a', bytes(23)):
            one = Inner(0, 0x20, 2, SLOT, 1, 0x30, 0x41, 9, data)
            self.assertEqual(asked_from_bus(asking(one)), one)
            self.assertIsNone(asked_from_bus(received(one, 0)))
        self.assertIsNone(asked_from_bus(asking(one)[:6]))

    def test_bytes(self):
        frame = Frame(0, True, 0xAA, 6, 1, 0xA0, bytes(range(0x98, 0xB0)))
        for down in (True, False):
            frame.down = down
            (got, raw), = Decoder(down).feed(frame_bytes(frame))
            got.at = 0
            self.assertEqual((got, raw), (frame, frame_bytes(frame)))


if __name__ == '__main__':
    unittest.main()
