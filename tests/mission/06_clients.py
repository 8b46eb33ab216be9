#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs are clients, known by their credentials."""
import os

from mission import main

NOBODY = 65534


def show(world):
    world.start()
    users = {0: 'as-root'} if os.getuid() == 0 else {os.getuid(): 'as-myself'}
    os.chmod(world.folder, 0o755)
    os.chmod(world.target, 0o666)
    programs = world.askers([users[os.getuid()]])
    if os.getuid() == 0:
        other = world.start_program(
            ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups',
             world.vipmi_program, 'exec', '--name', 'as-nobody', '--', 'ipmitool', '-I', 'open',
             'shell'], stdin=-1)
        users[NOBODY] = 'as-nobody'
    for _ in range(500):
        rows = world.clients()
        if len(rows) == len(users):
            break
    assert len(rows) == len(users), rows
    for row in rows:
        owner = os.stat(f"/proc/{row['pid']}")
        assert (row['uid'], row['gid']) == (owner.st_uid, owner.st_gid), row
        assert users[row['uid']] == row['name'], row
        shown = world.rows('client', 'show', str(row['client']))
        assert row['name'] in str(shown)
    programs[0].ask(6, 1)
    assert len(world.wire.requests(6, 1)) >= 1
    if os.getuid() == 0:
        other.stdin.close()
        other.wait(60)
    programs[0].end()
    refused = world.run(world.vipmi_program, 'client', 'kick', '4711', code=1)
    assert 'there is no client' in refused
    return (f"{len(users)} clients listed with process id and user "
            f"({', '.join(sorted(users.values()))}), as /proc has them; "
            f'{world.judged()}')


main(show)
