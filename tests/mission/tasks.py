# SPDX-License-Identifier: BSD-2-Clause
"""Management tasks of real tools, each of which finds what it finds alone: lines 11 and 21."""
import random
import subprocess
import tempfile
import time

from mission import SATELLITE, difference

IPMITOOL = ('ipmitool', '-I', 'open')
FREEIPMI = '--driver-type=OPENIPMI'
TASKS = {
    'sensors': IPMITOOL + ('sdr', 'elist'),
    'thresholds': IPMITOOL + ('sensor', 'list'),
    'inventory': IPMITOOL + ('fru', 'print'),
    'log': IPMITOOL + ('sel', 'elist'),
    'slot': IPMITOOL + ('-t', hex(SATELLITE), 'sdr', 'elist'),
    'network': IPMITOOL + ('lan', 'print', '1'),
    'users': IPMITOOL + ('user', 'list', '1'),
    'free-sensors': ('ipmi-sensors', FREEIPMI, '--quiet-cache'),
    'free-inventory': ('ipmi-fru', FREEIPMI, '--quiet-cache'),
    'free-log': ('ipmi-sel', FREEIPMI, '--quiet-cache'),
    'free-raw': ('ipmi-raw', FREEIPMI, '0', '6', '8'),
}

# Those that are the same while events come. ipmitool subscribes to them and takes them for its
# answers, on the kernel's driver as well; and the log grows.
QUIET_TASKS = {name: TASKS[name] for name in ('free-sensors', 'free-inventory', 'free-raw')}


def alone_with_cache(world, command):
    """FreeIPMI's tools keep the sensor records they read in the user's home, whatever HOME says,
    and would share them: each gets a folder of its own, which is empty."""
    if '--quiet-cache' not in command:
        return command
    return *command, f"--sdr-cache-directory={tempfile.mkdtemp(dir=world.folder, prefix='sdr-')}"


class Tasks:
    def __init__(self, world, tasks=None):
        self.world, self.number, self.running = world, 0, []
        self.alone, self.tasks = {}, tasks or TASKS
        for name in self.tasks:
            process = self.begin(name)[1]
            self.alone[name] = process.communicate(timeout=60)[0]
            assert process.returncode == 0 and self.alone[name], f'{name}: {self.alone[name]}'
        self.running.clear()

    def begin(self, name):
        self.number += 1
        process = self.world.start_tool(
            f'{name}-{self.number}', *alone_with_cache(self.world, self.tasks[name]),
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.running.append((name, process))
        return name, process

    def at_random(self, copies, seed):
        """Starts so many of each, in an order and with pauses that the seed decides."""
        dice = random.Random(seed)
        names = [name for name in self.tasks for _ in range(copies)]
        dice.shuffle(names)
        for name in names:
            self.begin(name)
            time.sleep(dice.random() * 0.02)

    def check(self):
        """How many there were, each of which printed what it prints alone."""
        for name, process in self.running:
            said = process.communicate(timeout=90)[0]
            assert process.returncode == 0, f'{name} ended with {process.returncode}: {said}'
            assert said == self.alone[name], \
                f'{name} says another thing: {difference(self.alone[name], said)}'
        return len(self.running)
