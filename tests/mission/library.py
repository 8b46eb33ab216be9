# SPDX-License-Identifier: BSD-2-Clause
"""libvipmi as a program finds it: the shared library, called function by function."""
import ctypes
import os
import sys
import threading
import time
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_int, c_size_t, c_uint,
                    c_uint8, c_uint16, c_uint32, c_uint64, c_void_p, cast, sizeof)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tap'))
import diary as tap  # noqa: E402

SEND, RECEIVE, BOTH = 1, 2, 3
ANY, ANY_COMMAND, ANY_BODY = 0xFF, 0x100, 0xFFFFFFFF
ANY_FIELD = 0x100  # of a clause
CONTROLLER, IPMB = 0, 1
DATA_MAX = 272


class Request(Structure):
    _fields_ = [('size', c_size_t), ('target_kind', c_uint8), ('channel', c_uint8),
                ('address', c_uint8), ('netfn', c_uint8), ('lun', c_uint8),
                ('command', c_uint8), ('urgency', c_uint8), ('flags', c_uint8),
                ('virtual_client', c_uint32), ('timeout_ms', c_uint32), ('data', c_void_p),
                ('length', c_size_t), ('numbered', c_uint8), ('number', c_uint8)]


class RawAnswer(Structure):
    _fields_ = [('error', c_int), ('cc', c_uint8), ('origin', c_uint8), ('reason', c_uint8),
                ('sent', c_uint8), ('netfn', c_uint8), ('lun', c_uint8), ('command', c_uint8),
                ('urgency', c_uint8), ('virtual_client', c_uint32), ('age_ms', c_uint32),
                ('id', c_uint64), ('numbered', c_uint8), ('number', c_uint8),
                ('reserved', c_uint8 * 14), ('length', c_uint16), ('bytes', c_uint8 * DATA_MAX)]


class Right(Structure):
    _fields_ = [('netfn', c_uint8), ('direction', c_uint8), ('command', c_uint16),
                ('body', c_uint32), ('channel', c_uint8), ('address', c_uint8),
                ('lun', c_uint8)]


class Holder(Structure):
    _fields_ = [('handle', c_uint32), ('index', c_uint16), ('held', Right)]


class HandleOptions(Structure):
    _fields_ = [('size', c_size_t), ('name', c_char_p), ('urgency', c_uint8)]


class RawEvent(Structure):
    _fields_ = [('kind', c_uint8), ('channel', c_uint8), ('netfn', c_uint8), ('lun', c_uint8),
                ('command', c_uint8), ('address', c_uint8), ('yours', c_uint8),
                ('reserved1', c_uint8), ('number', c_uint64), ('lost', c_uint64),
                ('error', c_int), ('holder', c_uint32), ('requester_lun', c_uint8),
                ('sequence', c_uint8), ('reserved2', c_uint8 * 6),
                ('length', c_uint16), ('bytes', c_uint8 * DATA_MAX)]


class Clause(Structure):
    _fields_ = [('kinds', c_uint8), ('directions', c_uint8), ('severity', c_uint8),
                ('reserved', c_uint8), ('offsets', c_uint16), ('sensor_type', c_uint16),
                ('sensor', c_uint16), ('netfn', c_uint16), ('command', c_uint16),
                ('channel', c_uint16), ('address', c_uint16)]


class Subscription(Structure):
    _fields_ = [('size', c_size_t), ('clauses', POINTER(Clause)), ('clauses_count', c_size_t),
                ('exclusive', c_uint8), ('start', c_uint8), ('boot_id', c_uint8 * 16),
                ('number', c_uint64)]


class Subscribed(Structure):
    _fields_ = [('next', c_uint64), ('gap', c_uint64), ('holder', c_uint32),
                ('reserved', c_uint8 * 12)]


class RawInfo(Structure):
    _fields_ = [('connected', c_int), ('connections', c_uint32), ('capabilities', c_uint32),
                ('epoch', c_uint32), ('handles_max', c_uint32), ('data_max', c_uint16),
                ('credit_max', c_uint16), ('boot_id', c_uint8 * 16), ('controller', c_char * 64),
                ('target', c_char * 108), ('reserved', c_uint8 * 32)]


NOW, OLDEST, AFTER = 0, 1, 2
LOST_UNKNOWN = 2**64 - 1
EVENT, REQUEST, LOSS = 1, 2, 0xFF
RECEIVED = CFUNCTYPE(None, c_void_p, POINTER(RawEvent))
DONE = CFUNCTYPE(None, c_void_p, POINTER(RawAnswer))


# What the agent answers out of a virtual controller's own state, or sends with another
# reservation's number in it: not the same bytes on the wire.
OWN_STATE = {(0x06, command) for command in (0x2E, 0x2F, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35)} | \
    {(0x0A, command) for command in (0x15, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x42, 0x43, 0x44,
                                     0x45, 0x46, 0x47)} | \
    {(0x04, command) for command in (0x21, 0x22)}
# The part of what changes something that tests use.
MUTATING = {(0x0A, 0x12), (0x00, 0x02)}
OF_CONTROLLER, OF_AGENT = 0, 2  # enum vipmi_origin
EXPIRED, CANCELLED = 1, 2  # enum vipmi_reason
SENT_NO = 0  # enum vipmi_sent


class Answer:
    """A copy of an answer, which outlives the callback that got it."""

    def __init__(self, raw):
        self.error, self.cc, self.sent = raw.error, raw.cc, raw.sent
        self.origin, self.reason = raw.origin, raw.reason
        self.virtual_client, self.number = raw.virtual_client, raw.number
        self.data = bytes(raw.bytes[:raw.length])

    def outcome(self):
        """As a diary has it."""
        if self.origin != OF_AGENT:
            return tap.ANSWERED
        if self.reason in (EXPIRED, CANCELLED):
            return tap.EXPIRED
        return tap.FAILED if self.sent else tap.REFUSED

    def __repr__(self):
        return 'Answer(error=%d cc=%02x %s)' % (self.error, self.cc, self.data.hex())


class Failed(Exception):
    def __init__(self, what, error, text):
        super().__init__('%s: %d: %s' % (what, error, text))
        self.error = -error


class Library:
    """One connection to the agent at `target`. What it does is written down, if there is a diary
    (tests/tap/diary.py)."""

    def __init__(self, path, target, diary=None):
        self.diary, self.handles = diary, []
        self.c = ctypes.CDLL(path)
        self.c.vipmi_error_text.restype = c_char_p
        self.c.vipmi_disconnect.argtypes = [c_void_p]
        self.c.vipmi_handle_close.argtypes = [c_void_p]
        self.c.vipmi_wait.argtypes = [c_void_p, c_int]
        self.pointer = c_void_p()
        self.call('vipmi_connect', target.encode(), None, byref(self.pointer))

    def call(self, name, *arguments, good=(0,)):
        result = getattr(self.c, name)(*arguments)
        if result < 0 and result not in good:
            raise Failed(name, result, self.c.vipmi_error_text().decode())
        return result

    def open(self, name):
        self.handles.append(Handle(self, name))
        return self.handles[-1]

    def boot_id(self):
        info = RawInfo()
        self.call('vipmi_get_info', self.pointer, byref(info))
        return bytes(info.boot_id)

    def wait(self, milliseconds):
        return self.c.vipmi_wait(self.pointer, milliseconds)

    def close(self):
        if self.pointer:
            for one in self.handles:
                one.ends()
            self.c.vipmi_disconnect(self.pointer)
            self.pointer = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(netfn, command, data=b'', address=None, number=None, virtual_client=0,
            timeout_ms=30000):
    one = Request(sizeof(Request), CONTROLLER if address is None else IPMB, 0, address or 0,
                  netfn, 0, command, 0, 0, virtual_client, timeout_ms, None, len(data),
                  number is not None, number or 0)
    one.keep = ctypes.create_string_buffer(bytes(data), max(1, len(data)))
    one.data = cast(one.keep, c_void_p)
    return one


class Handle:
    def __init__(self, library, name):
        self.library, self.pointer, self.keep, self.name = library, c_void_p(), [], name
        self.held, self.owned, self.written = [], [], []
        options = HandleOptions(sizeof(HandleOptions), name.encode(), 0)
        library.call('vipmi_handle_open', library.pointer, byref(options), byref(self.pointer))

    def ask(self, *arguments, **more):
        """The answer, whether the controller gave it or not."""
        written = self.asked(*arguments, **more)
        answer, one = RawAnswer(), request(*arguments, **more)
        result = self.library.c.vipmi_command(self.pointer, byref(one), byref(answer))
        answer.error = result
        return self.heard(written, Answer(answer))

    def submit(self, done, *arguments, **more):
        """`done` is called with the answer, from within Library.wait."""
        def called(_, raw):
            done(self.heard(written, Answer(raw.contents)))
        one, function = request(*arguments, **more), DONE(called)
        self.keep.append(function)
        written = self.asked(*arguments, **more)
        self.library.call('vipmi_submit', self.pointer, byref(one), function, None, None)

    # ---- the diary ----

    def asked(self, netfn, command, data=b'', address=None, number=None, **_):
        if self.library.diary is None or (netfn, command) in OWN_STATE:
            return None
        self.written.append(self.library.diary.ask(
            self.name, tap.CONTROLLER if address is None else (0, address), netfn, command, data,
            number=number, mutates=(netfn, command) in MUTATING))
        return self.written[-1]

    @staticmethod
    def heard(written, answer):
        if written is not None:
            written.hear(answer.outcome(), answer.cc, answer.data)
        return answer

    def holds(self, rights, asked, lease_ms):
        for one in rights:
            if self.library.diary is None or one.lun != ANY or one.body != ANY_BODY:
                continue
            for direction in (SEND, RECEIVE):
                if one.direction & direction:
                    self.held.append((bytes(one), self.library.diary.hold(
                        self.name, one.netfn,
                        tap.ANY if one.command == ANY_COMMAND else one.command,
                        address=tap.ANY if one.address == ANY else one.address, asked=asked,
                        lease_s=lease_ms / 1000 or None, receive=direction == RECEIVE)))

    # ---- the rest ----

    def events(self, received):
        """From now on: received(kind, number, lost, data), from within Library.wait."""
        def called(_, raw):
            one = raw.contents
            received(one.kind, one.number, one.lost, bytes(one.bytes[:one.length]))
        self.keep.append(RECEIVED(called))
        self.library.call('vipmi_handle_events', self.pointer, self.keep[-1], None)

    def subscribe(self, received, clauses=(), exclusive=False, start=NOW, after=(bytes(16), 0)):
        """As `events`, for what one of the clauses lets through. A Subscribed; Failed carries one
        too, as its `subscribed`."""
        def called(_, raw):
            one = raw.contents
            received(one.kind, one.number, one.lost, bytes(one.bytes[:one.length]))
        got, boot_id = Subscribed(), (c_uint8 * 16)(*after[0])
        options = Subscription(sizeof(Subscription), (Clause * max(1, len(clauses)))(*clauses),
                               len(clauses), exclusive, start, boot_id, after[1])
        self.keep.append(RECEIVED(called))
        try:
            self.library.call('vipmi_subscribe', self.pointer, byref(options), self.keep[-1], None,
                              byref(got))
        except Failed as failed:
            failed.subscribed = got
            raise
        return got

    def requests(self, received):
        """From now on received(request, answer) is called, from within Library.wait, for each request
        from the bus that the handle has the right to receive; it answers with answer(cc, data)."""
        def called(_, raw):
            one = RawEvent.from_buffer_copy(raw.contents)
            written = self.library.diary and self.library.diary.hear(
                self.name, one.channel, one.address, one.sequence, one.netfn, one.command,
                bytes(one.bytes[:one.length]))
            received(one, lambda cc, data=b'': self.respond(one, written, cc, data))
        self.keep.append(RECEIVED(called))
        self.library.call('vipmi_handle_requests', self.pointer, self.keep[-1], None)

    def respond(self, one, written, cc, data):
        def went(_, raw):
            if written is not None and (raw.contents.error == 0 or raw.contents.sent == SENT_NO):
                written.went = raw.contents.error == 0 and raw.contents.cc == 0
        self.keep.append(DONE(went))
        if written is not None:
            written.answer = bytes([cc]) + data
        self.library.call('vipmi_respond', self.pointer, byref(one), c_uint8(cc), data,
                          c_size_t(len(data)), self.keep[-1], None)

    def reserve(self, *rights, lease_ms=0, holder=None):
        array, asked = (Right * len(rights))(*rights), time.monotonic()
        self.library.call('vipmi_reserve', self.pointer, array, c_size_t(len(rights)),
                          c_uint32(lease_ms), byref(holder) if holder is not None else None)
        self.holds(rights, asked, lease_ms)

    def release(self, *rights):
        array = (Right * len(rights))(*rights) if rights else None
        those = [one for right_bytes, one in self.held
                 if not rights or right_bytes in map(bytes, rights)]
        for one in those:
            one.end()
        self.library.call('vipmi_release', self.pointer, array, c_size_t(len(rights)))
        for one in those:
            one.ended()

    def reserve_numbers(self, address, virtual_client, count=0, numbers=0):
        granted = c_uint64()
        self.library.call('vipmi_sequence_reserve', self.pointer, c_uint8(0), c_uint8(address),
                          c_uint32(virtual_client), c_uint(count), c_uint64(numbers),
                          byref(granted))
        got = [n for n in range(64) if granted.value >> n & 1]
        if self.library.diary is not None:
            self.owned += [self.library.diary.own(self.name, 0, address, number, virtual_client)
                           for number in got]
        return got

    def free_numbers(self, address, numbers):
        for one in self.owned:
            if one.address == address and one.number in numbers:
                one.end()
        self.library.call('vipmi_sequence_free', self.pointer, c_uint8(0), c_uint8(address),
                          c_uint64(sum(1 << n for n in numbers)))

    def ends(self):
        for one in [held for _, held in self.held] + self.owned:
            one.end()
        for one in self.written:
            one.gone = one.answers == 0

    def close(self):
        self.ends()
        self.library.c.vipmi_handle_close(self.pointer)
        self.pointer = None


def right(netfn, command=ANY_COMMAND, direction=SEND):
    return Right(netfn, direction, command, ANY_BODY, ANY, ANY, ANY)


def clause(kinds=1 << EVENT, directions=0, severity=0, offsets=0, sensor_type=ANY_FIELD,
           sensor=ANY_FIELD, address=ANY_FIELD):
    return Clause(kinds, directions, severity, 0, offsets, sensor_type, sensor, ANY_FIELD, ANY_FIELD,
                  ANY_FIELD, address)


def in_threads(functions):
    """Runs them all at once; the first one's exception is ours."""
    errors = []

    def one(function):
        try:
            function()
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=one, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
