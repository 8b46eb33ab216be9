# SPDX-License-Identifier: BSD-2-Clause
"""A little of everything at once, for vipmid and for the rival alike."""
import time

import clients
import library
from clients import ByHand, Numbers, Program
from controller import RESPONDERS, Behaviour
from questions import Stamped
from vm import SEND_MESSAGE, from_satellite

STATUS, CAPABILITIES = (0x00, 0x01), (0x00, 0x00)
LEASE_MS, RENEWALS = 800, 3
OEM, HELD, NOBODYS = 0x30, 0x41, 0x42  # requests to system software
PROGRAMS, EACH, OWNERS = 8, 48, 3
FAR_OFF = 1 << 20  # questions of nobody else


def rights(world, ours):
    """One holds a command; another asks for it all the same."""
    holder, stranger = ours.open('holder'), ours.open('stranger')
    holder.reserve(library.right(*STATUS))
    for _ in range(3):
        stranger.ask(*STATUS, timeout_ms=2000)
        holder.ask(*STATUS, timeout_ms=2000)


def leases(world, ours):
    """As before, for a time that is renewed before it is over; then it ends."""
    holder, stranger = ours.open('tenant'), ours.open('next-tenant')
    for _ in range(RENEWALS):
        holder.reserve(library.right(*CAPABILITIES), lease_ms=LEASE_MS)
        holder.ask(*CAPABILITIES, timeout_ms=2000)
        time.sleep(LEASE_MS / 2000)
        stranger.ask(*CAPABILITIES, timeout_ms=2000)
    time.sleep(2 * LEASE_MS / 1000)
    stranger.ask(*CAPABILITIES, timeout_ms=2000)


def incoming(world):
    """A responder asks software; one program holds the right to answer, to one of two commands."""
    with world.library() as ours:
        holder, satellite = ours.open('answers'), ours.open('satellite')
        holder.requests(lambda one, answer: answer(0, b'!' + bytes(one.bytes[:one.length])))
        holder.reserve(library.right(OEM, HELD, library.RECEIVE))
        for number, command in enumerate((HELD, NOBODYS, HELD, HELD)):
            satellite.ask(*SEND_MESSAGE, from_satellite(RESPONDERS[1], OEM, command, bytes([number]),
                                                        number=number),
                          address=RESPONDERS[1], timeout_ms=2000)
        end = time.monotonic() + 4
        while len(world.wire.incoming()[0]) < 4 or any(
                not one.answers for one in world.wire.incoming()[0]):
            if time.monotonic() > end:
                break  # the judge knows more
            ours.wait(50)


def owners(world, ours):
    """Several reserve numbers toward the same responder and use them at once."""
    heard = []
    for place in range(OWNERS):
        handle = ours.open(f'owner-{place}')
        for number in handle.reserve_numbers(RESPONDERS[0], place, count=2):
            address, data = world.questions.question(FAR_OFF + (place << 6 | number) * 8)
            handle.submit(heard.append, *clients.READ, data, address=address, number=number,
                          virtual_client=place, timeout_ms=clients.PATIENCE_MS)
    end = time.monotonic() + 2 * clients.PATIENCE_MS / 1000
    while len(heard) < 2 * OWNERS and time.monotonic() < end:
        ours.wait(100)


class Rest(Program):
    """One question is lost; when that is over, all numbers come round once at its responder."""

    def run(self, outstanding=16):
        behaviour, self.world.bus.behaviour = self.world.bus.behaviour, Behaviour(lost=1000)
        self.ask(self.handle, clients.READ, self.numbers[0])
        self.wait()
        self.world.bus.behaviour = behaviour
        for count, number in enumerate(self.numbers[1:], 1):
            self.wait(outstanding - 1)
            self.ask(self.handle, clients.READ if count % 20 else clients.WRITE, number)
        self.wait()


def start(world, seed, **behaviour):
    world.questions = Stamped()
    world.start(window=2, bus_window=4, bus=Behaviour(seed=seed, **behaviour))
    if world.rival:
        # It loses what it is asked: nobody needs to wait for that as long.
        clients.PATIENCE_MS, clients.AGAIN_S, clients.TRIES = 2000, 0.5, 1


def run(world):
    """What went wrong, as the clients see it."""
    numbers, wrong = Numbers(), []
    asking = [Program(world, f'program-{n}', numbers.take(EACH)) for n in range(PROGRAMS)]
    asking += [ByHand(world, f'by-hand-{n}', numbers.take(4), 7) for n in range(2)]

    def one(client):
        try:
            client.run()
        except AssertionError as error:
            wrong.append(str(error))
    with world.library() as ours:
        library.in_threads([lambda c=c: one(c) for c in asking] +
                           [lambda: rights(world, ours), lambda: leases(world, ours),
                            lambda: incoming(world)])
        owners(world, ours)
    everywhere = len(world.questions.responders)
    more = Rest(world, 'more', numbers.take(100 * everywhere)[::everywhere])
    try:
        more.run()
    except AssertionError as error:
        wrong.append(str(error))
    for client in asking + [more]:
        wrong += client.wrong
    return wrong
