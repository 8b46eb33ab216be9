# SPDX-License-Identifier: BSD-2-Clause
"""The VM protocol and the IPMB's frames, from the specifications alone: nothing of ours decodes here,
and nothing of this decodes for us.
"""
import time
from dataclasses import dataclass

END, COMMAND, ESCAPE = 0xA0, 0xA1, 0xAA
# Control commands: attention off and on; the version, one argument.
ATTENTION_OFF, ATTENTION, VERSION = 0x00, 0x01, 0xFF

APP = 0x06
GET_MESSAGE, SEND_MESSAGE = (APP, 0x33), (APP, 0x34)


@dataclass
class Frame:
    """A message at the system interface: a request on its way down, a response on its way up."""
    at: float
    down: bool
    sequence: int
    netfn: int
    lun: int
    command: int
    data: bytes  # of a response without its completion code
    cc: int = 0


@dataclass
class Inner:
    """A frame on an IPMB, without its checksums. `address` is the responder's."""
    channel: int
    address: int
    lun: int
    requester: int
    requester_lun: int
    netfn: int
    command: int
    number: int
    data: bytes
    cc: int = -1  # of a response
    broadcast: bool = False

    @property
    def key(self):
        """Whom a response belongs to."""
        return self.channel, self.address, self.number, self.netfn & ~1, self.command


def escaped(data):
    return b''.join(bytes([ESCAPE, b | 0x10]) if b in (END, COMMAND, ESCAPE) else bytes([b])
                    for b in data)


def checksum(data):
    return -sum(data) & 0xFF


def frame_bytes(frame):
    body = bytes([frame.sequence, frame.netfn << 2 | frame.lun, frame.command])
    body += frame.data if frame.down else bytes([frame.cc]) + frame.data
    return escaped(body + bytes([checksum(body)])) + bytes([END])


def control_bytes(*values):
    return escaped(bytes(values)) + bytes([COMMAND])


class Decoder:
    """Bytes of one direction: pairs of a frame, or None for what is none, and the bytes as they
    were. The last control command is in `control`."""

    def __init__(self, down):
        self.down, self.bytes, self.raw, self.escape = down, bytearray(), bytearray(), False
        self.control = b''

    def feed(self, data):
        for byte in data:
            self.raw.append(byte)
            if byte == ESCAPE:
                self.escape = True
            elif byte in (END, COMMAND):
                yield self.item(byte == END), bytes(self.raw)
                self.bytes.clear()
                self.raw.clear()
                self.escape = False
            else:
                self.bytes.append(byte & ~0x10 if self.escape else byte)
                self.escape = False

    def item(self, message):
        body = bytes(self.bytes)
        self.control = b'' if message else body
        if not message or len(body) < (4 if self.down else 5) or sum(body) & 0xFF:
            return None
        data = body[3:-1]
        cc = 0 if self.down else data[0]
        return Frame(time.monotonic(), self.down, body[0], body[1] >> 2, body[1] & 3, body[2],
                     data if self.down else data[1:], cc)


# ---- Send Message and Get Message (IPMI 2.0 sections 22.6 and 22.7) ----

def bus_bytes(head, body):
    return head + bytes([checksum(head)]) + body + bytes([checksum(body)])


def request_on_bus(data):
    """What a Send Message's data carry, or None: the checksums are wrong, or it is cut short."""
    if len(data) < 8:
        return None
    frame = data[1:]
    broadcast = frame[0] == 0  # the responder's address comes after (IPMB 1.0)
    frame = frame[1:] if broadcast else frame
    if len(frame) < 7 or sum(frame[:3]) & 0xFF or sum(frame[3:]) & 0xFF:
        return None
    return Inner(data[0] & 0x0F, frame[0], frame[1] & 3, frame[3], frame[4] & 3, frame[1] >> 2,
                 frame[5], frame[4] >> 2, bytes(frame[6:-1]), broadcast=broadcast)


def send_message(address, netfn, command, data=b'', number=1, channel=0, requester=0x20,
                 requester_lun=2, lun=0, tracking=0):
    """Data of a Send Message."""
    return bytes([tracking << 6 | channel]) + bus_bytes(
        bytes([address, netfn << 2 | lun]),
        bytes([requester, number << 2 | requester_lun, command]) + data)


def from_satellite(address, netfn, command, data=b'', number=1):
    """Data of a Send Message to that responder, which it shall obey by asking our software (LUN 2)."""
    return send_message(0x20, netfn, command, data, number, requester=address, requester_lun=1, lun=2)


def response_on_bus(data, own_address=0x20, checked=True):
    """What a Get Message's data carry, or None: no response, cut short, or a wrong checksum. The
    requester's address, which the first checksum covers, is left out there."""
    if len(data) < 8 or (data[1] >> 2) % 2 == 0:
        return None
    frame = data[1:]
    if checked and ((own_address + sum(frame[:2])) & 0xFF or sum(frame[2:]) & 0xFF):
        return None
    return Inner(data[0] & 0x0F, frame[2], frame[3] & 3, own_address, frame[0] & 3, frame[0] >> 2,
                 frame[4], frame[3] >> 2, bytes(frame[6:-1]), cc=frame[5])


def asked_from_bus(data, own_address=0x20):
    """The request to system software that a Get Message's data carry, or None. The controller has
    checked the checksums."""
    if len(data) < 7 or (data[1] >> 2) % 2:
        return None
    frame = data[1:]
    return Inner(data[0] & 0x0F, own_address, frame[0] & 3, frame[2], frame[3] & 3, frame[0] >> 2,
                 frame[4], frame[3] >> 2, bytes(frame[5:-1]))


def asking(request):
    """Data of a Get Message: an Inner that comes from the bus."""
    return bytes([request.channel]) + bus_bytes(
        bytes([request.address, request.netfn << 2 | request.lun]),
        bytes([request.requester, request.number << 2 | request.requester_lun,
               request.command]) + request.data)[1:]


def answering(request, answer):
    """Data of the Send Message that answers it, the completion code first."""
    return bytes([request.channel]) + bus_bytes(
        bytes([request.requester, (request.netfn | 1) << 2 | request.requester_lun]),
        bytes([request.address, request.number << 2 | request.lun, request.command]) + answer)


def received(request, cc, data=b'', channel=0):
    """Data of a Get Message: the response to an Inner."""
    head = bytes([request.requester, (request.netfn | 1) << 2 | request.requester_lun])
    body = bytes([request.address, request.number << 2 | request.lun, request.command, cc]) + data
    return bytes([channel]) + bus_bytes(head, body)[1:]
