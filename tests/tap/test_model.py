#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vipmid against the reference model, on random runs: what responders and the wire do to responses is
drawn from a seed; what every client got must be what the model says of the wire.

usage: test_model.py BUILD [RUNS [FIRST-SEED]]
"""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'mission'))
from mission import World, raise_files  # noqa: E402
from judge import words  # noqa: E402
import model  # noqa: E402
import workload  # noqa: E402
from chaos import Chaos  # noqa: E402


def run(build, seed):
    world = World(build)
    try:
        chaos = Chaos(seed)
        workload.start(world, seed, lost=10, late=10, twice=30, ahead=seed % 8)
        world.wire.alter = chaos
        wrong = workload.run(world)
        differs = model.compare(world.wire, world.diary)
        assert not differs, f'{len(differs)} differences: {differs[0]}'
        faults = world.faults()
        assert not faults, words(faults)
        return len(world.diary.asked), chaos.count, len(wrong)
    finally:
        world.stop()
        shutil.rmtree(world.folder)


def main():
    build = sys.argv[1]
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    first = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    raise_files()
    for seed in range(first, first + runs):
        print('seed', seed, flush=True)
        asked, count, wrong = run(build, seed)
        assert all(count.values()), f'the seed left something out: {count}'
        print(f'{asked} questions, {count}: as the model says; {wrong} of them with what '
              f'nobody could tell from their answers, or none')


if __name__ == '__main__':
    main()
