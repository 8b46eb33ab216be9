# SPDX-License-Identifier: BSD-2-Clause
"""A real vipmid with a real socket, and clients that speak its protocol byte by byte."""
import atexit
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HELLO, OPEN, OPENED, CLOSE, CLOSED, REQUEST, ANSWER, CANCEL = 1, 2, 3, 4, 5, 6, 7, 8
QUERY, ROW, END, CONTROL, ERROR = 13, 14, 15, 16, 17
EXT_DATA, EXT_TEXT, EXT_HELLO, EXT_NAME = 2, 3, 4, 5
EXT_FIELD_TEXT, EXT_FIELD_NUMBER = 9, 10
EXPIRED, SILENT, FULL = 1, 3, 9
SENT, FRESH = 1, 2
HEADER = struct.Struct("<HBBIQIIBBBBBBBB")
MAGIC = 0x4D504976
# For what must happen, but nobody says when on a busy machine.
PATIENCE = 60

# What must be back where it was once all other clients are gone.
GAUGES = ("clients", "handles", "requests", "queued", "in_flight", "bridged", "unread")


def extension(kind, value, flags=0):
    return struct.pack("<BBH", kind, flags, len(value)) + value


def message(kind, tag=0, handle=0, time_ms=0, netfn=0, command=0, klass=0xFF, flags=0, body=b""):
    return HEADER.pack(HEADER.size + len(body), kind, flags, handle, tag, 0, time_ms,
                       netfn, 0, command, 0, 0, klass, 0, 0) + body


def request(handle, tag, netfn, command, data=b"", time_ms=0, flags=0):
    body = extension(EXT_DATA, data) if data else b""
    return message(REQUEST, tag, handle, time_ms, netfn, command, flags=flags, body=body)


class Message:
    def __init__(self, record):
        (self.length, self.kind, self.flags, self.handle, self.tag, _, self.time, self.netfn,
         _, self.command, self.cc, self.origin, _, _, self.reason) = HEADER.unpack_from(record)
        assert self.length == len(record), record
        self.extensions = []
        at = HEADER.size
        while at < len(record):
            kind, _, length = struct.unpack_from("<BBH", record, at)
            self.extensions.append((kind, record[at + 4:at + 4 + length]))
            at += 4 + length

    def get(self, kind):
        return next((value for k, value in self.extensions if k == kind), b"")

    @property
    def text(self):
        return self.get(EXT_TEXT).decode()

    @property
    def data(self):
        return self.get(EXT_DATA)

    def fields(self):
        row = {}
        for kind, value in self.extensions:
            name = value[1:1 + value[0]].decode()
            rest = value[1 + value[0]:]
            row[name] = rest.decode() if kind == EXT_FIELD_TEXT else struct.unpack("<Q", rest)[0]
        return row


class Client:
    """One connection. Blocking, but for what says otherwise."""

    def __init__(self, path, hello=True):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        if hello:
            self.send(message(HELLO, body=extension(
                EXT_HELLO, struct.pack("<IHHQ", MAGIC, 1, 1, 0))))
            answer = self.receive()
            assert answer.kind == HELLO, (answer.kind, answer.text)

    def send(self, record):
        self.socket.send(record)

    def receive(self):
        record = self.socket.recv(2048)
        if not record:
            raise EOFError("the agent closed the connection")
        return Message(record)

    def open(self, name=b"test"):
        self.send(message(OPEN, klass=1, body=extension(EXT_NAME, name)))
        return self.receive()

    def handle(self):
        answer = self.open()
        assert answer.kind == OPENED and answer.reason == 0, (answer.reason, answer.text)
        return answer.handle

    def ask(self, handle, netfn, command, data=b"", tag=1, time_ms=0):
        self.send(request(handle, tag, netfn, command, data, time_ms))
        answer = self.receive()
        assert answer.kind == ANSWER and answer.tag == tag and answer.handle == handle
        return answer

    def query(self, name):
        self.send(message(QUERY, body=extension(EXT_TEXT, name.encode())))
        rows = []
        while True:
            row = self.receive()
            if row.kind == END:
                assert row.reason == 0, row.text
                return rows
            rows.append(row.fields())

    def gauges(self):
        status = self.query("status")[0]
        return {name: status[name] for name in GAUGES}

    def close(self):
        self.socket.close()


class Agent:
    def __init__(self, vipmid, link, *more):
        self.folder = tempfile.mkdtemp(prefix="vipmi-test-")
        self.path = os.path.join(self.folder, "ipmi0.sock")
        self.log_path = os.path.join(self.folder, "log")
        self.command = [vipmid, "--link", link, "--socket", self.path, *more]
        self.owner = os.getpid()
        atexit.register(self.stop)
        self.start()

    def start(self):
        """Anew, after its end."""
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        wait_until(lambda: "served at" in self.log() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log()

    def restart(self, how):
        """Ends it by that signal, with everybody connected, and starts it anew."""
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self.start()

    def client(self, **more):
        return Client(self.path, **more)

    def log(self):
        with open(self.log_path) as log:
            return log.read()

    def stop(self):
        if os.getpid() != getattr(self, "owner", os.getpid()) or not self.folder:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, "vipmid ended badly:\n" + self.log()
        assert not os.path.exists(self.path), "vipmid left its socket behind"
        shutil.rmtree(self.folder)
        self.folder = None


def wait_until(condition, what="it", patience=PATIENCE):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain for " + str(what)
        time.sleep(0.005)


def settle(observer, baseline):
    """Waits until the gauges are where they were; says which are not if they never are."""
    last = {}

    def same():
        last.update(observer.gauges())
        return last == baseline

    try:
        wait_until(same)
    except AssertionError:
        raise AssertionError("gauges %s, were %s" % (last, baseline)) from None


class Fru:
    """Questions of which no two have the same answer, and what the answers must be."""

    def __init__(self, agent):
        client = agent.client()
        handle = client.handle()
        size = struct.unpack("<H", client.ask(handle, 0x0A, 0x10, b"\0").data[:2])[0]
        self.image = b""
        while len(self.image) < size:
            count = min(16, size - len(self.image))
            data = client.ask(handle, 0x0A, 0x11,
                              struct.pack("<BHB", 0, len(self.image), count)).data
            self.image += data[1:]
        client.close()
        assert len(self.image) == size > 100

    def question(self, number):
        """Request data and the answer's data for this number."""
        offset = number % (len(self.image) - 32)
        count = 1 + number // (len(self.image) - 32) % 31
        return (struct.pack("<BHB", 0, offset, count),
                bytes([count]) + self.image[offset:offset + count])

    def request(self, handle, number, tag, time_ms=0):
        return request(handle, tag, 0x0A, 0x11, self.question(number)[0], time_ms)

    def check(self, answer, number):
        assert answer.kind == ANSWER and answer.cc == 0 and answer.reason == 0, \
            (answer.kind, answer.cc, answer.reason, answer.text)
        assert answer.data == self.question(number)[1], "somebody else's answer"


def raise_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def fork(function, *arguments):
    """Runs it in a process of its own, whose status says whether it went well."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        function(*arguments)
        status = 0
    except BaseException as error:  # whatever it is, the parent must hear
        print("child: %r" % (error,), file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def run(tests):
    for test in tests:
        start = time.monotonic()
        test()
        print("ok: %s (%.1f s)" % (test.__name__, time.monotonic() - start), flush=True)
