# SPDX-License-Identifier: BSD-2-Clause
"""An agent in a guest of the laboratory, whose programs are on this side.

The guest's KCS device leads to the world's eye on the wire, and from there to its chassis. In the guest
a relay copies messages between connections of the host's and the agent (lab/relay.c); here everything
that connects to the world's target has such a connection. So the lines' programs, their times and the
wire's are of one machine, whether the agent is vipmid beside them or vipmi.ko in the guest.
"""
import os
import re
import socket
import subprocess
import threading

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
SECONDS_MAX = 600
LENGTH = 2  # bytes before a message over TCP


def port_free():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Bridge(threading.Thread):
    """From a Unix socket as vipmid has it to the relay in the guest."""

    def __init__(self, path, port):
        super().__init__(daemon=True)
        self.port, self.open = port, []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen(256)
        self.start()

    def connect(self):
        tcp = socket.create_connection(('127.0.0.1', self.port))
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # QEMU lets one connection wait, and the next one for a second.
        if tcp.recv(LENGTH, socket.MSG_WAITALL) != bytes(LENGTH):
            tcp.close()
            raise ConnectionError('the relay in the guest is not there')
        return tcp

    def run(self):
        while True:
            try:
                program, _ = self.listener.accept()
            except OSError:  # it has ended
                return
            try:
                tcp = self.connect()
            except OSError:  # the guest is not there yet
                program.close()
                continue
            self.open.append(tcp)
            for way in (self.down, self.up):
                threading.Thread(target=way, args=(program, tcp), daemon=True).start()

    @staticmethod
    def down(program, tcp):
        try:
            while message := program.recv(65536):
                tcp.sendall(len(message).to_bytes(LENGTH, 'little') + message)
        except OSError:
            pass
        end(tcp)

    @staticmethod
    def up(program, tcp):
        stream = tcp.makefile('rb')
        try:
            while head := stream.read(LENGTH):
                program.sendall(stream.read(int.from_bytes(head, 'little')))
        except OSError:
            pass
        end(program)
        end(tcp)

    def end(self):
        for tcp in self.open:
            end(tcp)


def end(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Guest:
    """`kind`: module or daemon, a script lab/guest/mission-KIND.sh."""

    def __init__(self, lab, kind, controller, target, log):
        self.folder = os.path.join(lab, f'mission-{kind}')
        self.bridge = Bridge(target, port_free())
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'TERM', os.path.join(TOP, 'lab', 'boot'), lab,
             f'mission-{kind}', f'unix:{controller}', str(SECONDS_MAX), 'host', '768',
             str(self.bridge.port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end(self):
        """Ends what programs still have open, and the guest; how much it found to be right."""
        self.bridge.end()
        with self.bridge.connect() as tcp:
            tcp.sendall(bytes(LENGTH))
        status = self.process.wait(SECONDS_MAX)
        with open(os.path.join(self.folder, 'result.log'), encoding='utf-8',
                  errors='replace') as file:
            said = re.findall(r'^(ok|not ok) - (.*?)\r?$', file.read(), re.M)
        wrong = [text for verdict, text in said if verdict != 'ok']
        assert status == 0 and said and not wrong, f'in the guest: {wrong or said}, see {self.folder}'
        return len(said)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        end(self.bridge.listener)
