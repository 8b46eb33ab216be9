# SPDX-License-Identifier: BSD-2-Clause
"""What is shown of a hundred clients at eight responders, whichever responders they are."""
import time

import judge
import model
from clients import Program
from library import in_threads

REST_S, REST_MAX_S = 12, 90  # time for what was given up last to rest and be used again


def all_ask(clients):
    """All of them at once; none may get anything but its answers. In how many seconds."""
    began = time.monotonic()
    in_threads([one.run for one in clients])
    took = time.monotonic() - began
    wrong = [text for one in clients for text in one.wrong]
    assert not wrong, f'{len(wrong)} wrong: {wrong[0]}'
    for one in clients:
        one.end()
    return took


def numbers_return(world, numbers):
    """More traffic, until the quarantines are over and all numbers have come round again; what
    rested, as words. On a busy machine this traffic has its own time-outs, and goes on."""
    more, begun, rested, again = Program(world, 'more', []), time.monotonic(), 0, None
    while rested != again and time.monotonic() < begun + REST_MAX_S:
        end = time.monotonic() + REST_S
        while time.monotonic() < end:
            more.numbers = numbers.take(64 * len(world.questions.responders))
            more.run(outstanding=64)
            time.sleep(0.5)
        rested, again = judge.rested(world.wire, world.diary, judge.Rules())
    assert not more.wrong, more.wrong[0]
    assert again == rested > 0, f'{again} of {rested} numbers returned'
    more.end()
    reserved = len({(one.address, one.number) for one in world.diary.owned})
    return f'{reserved} numbers were reserved; {rested} rested, and all of them were used again'


def as_the_model_says(world):
    differs = model.compare(world.wire, world.diary)
    assert not differs, f'{len(differs)} differences: {differs[0]}'
    return 'all as the model says'
