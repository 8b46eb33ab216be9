# SPDX-License-Identifier: BSD-2-Clause
"""What the controller really saw: a proxy of the VM protocol between the agent and a controller.

It keeps every message both ways with its time, and can change them on their way.
"""
import collections
import dataclasses
import os
import select
import socket
import threading
import time

from record import Record
from vm import END, Decoder, frame_bytes


class Wire(threading.Thread, Record):
    """Listens at `path`, goes on to `controller`. `alter`, if set, is given every frame and says
    which frames go on in its place. What it holds back it may let go later, from any thread, with
    `inject`."""

    def __init__(self, path, controller, log=None):
        threading.Thread.__init__(self, daemon=True)
        Record.__init__(self)
        self.path, self.controller, self.log = path, controller, log
        self.alter, self.late = None, collections.deque()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.quit, self.bell = os.eventfd(0), os.eventfd(0)
        self.start()

    def run(self):
        while True:
            select.select([self.listener, self.quit], [], [])
            if select.select([self.quit], [], [], 0)[0]:
                return
            agent, _ = self.listener.accept()
            controller = socket.socket(socket.AF_UNIX)
            try:
                controller.connect(self.controller)
                self.pass_on(agent, controller)
            except OSError:
                pass  # one side went away, and so both connections end
            agent.close()
            controller.close()

    def pass_on(self, agent, controller):
        ways = {agent: (controller, Decoder(True)), controller: (agent, Decoder(False))}
        while True:
            ready = select.select([agent, controller, self.quit, self.bell], [], [])[0]
            if self.quit in ready:
                return
            if self.bell in ready:
                os.eventfd_read(self.bell)
                frames = [self.late.popleft() for _ in range(len(self.late))]
                agent.sendall(b''.join(frame_bytes(one) for one in self.kept(frames)))
            for source in ready:
                if source not in ways:
                    continue
                data = source.recv(65536)
                if not data:
                    return
                target, decoder = ways[source]
                out = b''.join(self.one(frame, raw, decoder.down)
                               for frame, raw in decoder.feed(data))
                if out:
                    target.sendall(out)

    def kept(self, frames):
        """Puts them into the record, each with the time at which it goes on: an altered request
        counts as the controller saw it, a response as the agent did."""
        now = time.monotonic()
        frames = [dataclasses.replace(one, at=now) for one in frames]
        self.frames.extend(frames)
        if self.log is not None:
            self.log(frames)
        return frames

    def one(self, frame, raw, down):
        if frame is None:
            self.garbled += raw[-1] == END
            return raw
        if self.alter is None:
            self.kept([frame])
            return raw
        return b''.join(frame_bytes(each) for each in self.kept(self.alter(frame)))

    def inject(self, frames):
        """Responses that go to the agent now."""
        self.late.extend(frames)
        os.eventfd_write(self.bell, 1)

    def stop(self):
        os.eventfd_write(self.quit, 1)
        self.join(5)
        self.listener.close()
