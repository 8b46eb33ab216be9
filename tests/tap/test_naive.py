#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same load on vipmid and on the naive rival: every check passes on the one and fails on the
other. Then lines of the mission on the rival, none of which may pass.

usage: test_naive.py BUILD
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'mission'))
from mission import World, raise_files, shutil  # noqa: E402
from judge import CHECKS, words  # noqa: E402
import model  # noqa: E402
import workload  # noqa: E402

LINES = (4, 8, 10, 11, 13, 14, 15, 18, 19, 20, 21)
LINE_SECONDS_MAX = 10


def on(build, rival, seed):
    """The faults of each check, the model's differences, and what the clients saw go wrong."""
    world = World(build, rival=rival)
    try:
        workload.start(world, seed, lost=20, twice=60)
        wrong = workload.run(world)
        for one in world.diary.asked:
            one.gone = one.gone or rival and not one.answers
        found = {check: world.faults([check]) for check in CHECKS}
        return found, model.compare(world.wire, world.diary), wrong
    finally:
        world.stop()
        shutil.rmtree(world.folder)


def line_fails(build, line, folder):
    path = next(os.path.join(HERE, '..', 'mission', name)
                for name in sorted(os.listdir(os.path.join(HERE, '..', 'mission')))
                if name.startswith(f'{line:02}_'))
    process = subprocess.Popen([sys.executable, path, build], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True,
                               env=os.environ | {'VIPMI_RIVAL': '1', 'TMPDIR': folder})
    try:
        said = process.communicate(timeout=LINE_SECONDS_MAX)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return 'hung'
    assert process.returncode == 1, f'line {line} passes on the rival: {said}'
    return said.strip().split('\n')[-1].removeprefix('evidence: ')[:90]


def main():
    build = sys.argv[1]
    raise_files()
    seed = int(time.time())
    print('seed', seed)
    found, differs, wrong = on(build, False, seed)
    faults = [fault for those in found.values() for fault in those]
    assert not faults, words(faults)
    assert not differs and not wrong, (differs or wrong)[0]
    print('vipmid: no fault')
    found, differs, wrong = on(build, True, seed)
    for check, faults in found.items():
        assert faults, f'the rival passes: {check}'
        print(f'the rival, {check}: {len(faults)} faults; {faults[0].what[:90]}')
    assert differs and wrong, 'the rival is as the model says'
    print(f'the rival differs {len(differs)} times from the model')
    with tempfile.TemporaryDirectory(prefix='vipmi-rival-') as folder:
        for line in LINES:
            print(f'the rival, line {line}: {line_fails(build, line, folder)}', flush=True)


if __name__ == '__main__':
    main()
