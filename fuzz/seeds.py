#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the seed corpus of every fuzz target: seeds.py DIRECTORY STAMP

One folder a target, one file a seed. Seeds are inputs that get deep at once, from
which a fuzzer goes on by itself; findings, once mended, become seeds here.
"""
import os
import random
import shutil
import struct
import sys


def checksum(data):
    return bytes([-sum(data) & 0xFF])


def ipmb(rs, rq, netfn, rs_lun, rq_lun, sequence, command, data=b""):
    response = netfn & 1
    to, to_lun, by, by_lun = ((rq, rq_lun, rs, rs_lun) if response else (rs, rs_lun, rq, rq_lun))
    head = bytes([to, netfn << 2 | to_lun])
    body = bytes([by, sequence << 2 | by_lun, command]) + data
    return head + checksum(head) + body + checksum(body)


def vm_escape(data):
    return b"".join(bytes([0xAA, b | 0x10]) if b in (0xA0, 0xA1, 0xAA) else bytes([b])
                    for b in data)


def vm_message(sequence, netfn, command, data=b""):
    body = bytes([sequence, netfn << 2, command]) + data
    return vm_escape(body + checksum(body)) + b"\xA0"


def vm_control(*data):
    return vm_escape(bytes(data)) + b"\xA1"


def extension(kind, value, flags=0):
    return struct.pack("<BBH", kind, flags, len(value)) + value


def record(kind, *extensions, flags=0, handle=0x10007, tag=7, netfn=6, command=1, target=0):
    body = b"".join(extensions)
    return struct.pack("<HBBIQIIBBBBBBBB", 32 + len(body), kind, flags, handle, tag, 0, 500, netfn,
                       0, command, 0, 0, 0xFF, target, 0) + body


def clause(kinds, directions=0, severity=0, offsets=0, sensor_type=0x100):
    return struct.pack("<BBBBHHHHHHH", kinds, directions, severity, 0, offsets, sensor_type,
                       *[0x100] * 5)


SUBSCRIPTION = extension(17, clause(0xFE))
FROM_NUMBER = extension(18, struct.pack("<BBQ", 2, 1, 1) + bytes(16))


def ipmb_seeds():
    yield ipmb(0xB4, 0x20, 6, 0, 2, 5, 1)
    yield ipmb(0xB4, 0x20, 7, 0, 2, 5, 1, b"\xC1")
    yield ipmb(0x20, 0xB4, 4, 0, 0, 63, 2, bytes(range(8)))
    yield ipmb(0xFE, 0x20, 0x3F, 3, 3, 63, 0xFF, bytes(24))
    yield b"\x20\x1E\xC2\xB4\x14\x01\x37"
    yield bytes(7)


def sdr_seeds():
    common = b"\x20\x00\x40" + bytes(4) + b"\x01\x01"
    yield b"\x01\0\x51\x01\x33" + common + bytes(33) + b"\xC8CPU Temp"
    yield b"\x02\0\x51\x02\x1F" + common + bytes(9) + b"\x1F\x7F" + bytes(6) + b"\xC4Fan "
    yield b"\x03\0\x51\x03\x0F\x20\0\x50\0\0\x21\x6F\x02\x05\0\0\x83\x29\xDC\xA6"
    yield b"\x03\0\x51\x03\x0E\x20\0\xFF\0\0\x21\x6F\x0F\x7F\0\0\x42\x12\xAB"


def bt_seeds():
    for length in (2, 3, 60, 253, 254):  # honest registers, then ones that lie
        yield bytes([length]) + bytes(range(length))
        for number in range(20):
            lies = random.Random(number)
            yield (bytes([length]) + bytes(range(length)) +
                   bytes(lies.choice((0, 0, 0, 0x08, 0x80, lies.randrange(256)))
                         for _ in range(200)))
    for stuck in ((0x08,), (0x10,), (0x48, 0), (0x08, 4), (0x08, 0, 0, 0)):  # for long
        yield bytes([2, 0x18, 1]) + bytes(1000 * stuck)


def vm_seeds():
    yield vm_control(0xFF, 1) + vm_control(8, 0x3F) + vm_message(1, 6, 1)
    yield vm_control(0xFF, 1) + vm_control(0) + vm_message(0xA0, 7, 1, b"\x00\x20\xA1\xAA")
    yield vm_message(0x59, 6, 3, b"\xA0\xA1\xAA") + vm_control(1)
    yield b"\x01\x18\x01\xE6\xAA\xA0" + vm_message(2, 7, 1, b"\xD2")
    yield bytes(299) + b"\xA0" + bytes(300) + b"\xA0" + bytes(301) + b"\xA0"
    yield b"\xAA\xAA\xA1\xA0\xAA"


def command_seeds():
    yield b"\x06\x01"
    yield b"\x0A\x47\x01\x00CLR\xAA"
    yield b"\x0A\x47\x01\x00CLR\x00"
    yield b"\x0A\x27\x01\x00CLR\x00"
    yield b"\x0A\x2C\x00"
    yield b"\x0A\x43\x00\x00\xFF\xFF\x00\xFF"
    yield b"\x0C\x02\x81\x10\x00\x00"
    yield b"\x0C\x01\x01\x00\x01"
    yield b"\x0C\x11\x04\x2A\x00\x00"
    yield b"\x00\x02\x01"
    yield b"\x2C\x04\x00\x00\x00"
    yield b"\x2E\x01\x57\x01\x00"
    yield b"app\0get-device-id"
    yield b"0x06\0001"
    yield b"picmg\0fru-control"


# The answer to message 5, from B4h, LUN 1, number 33.
RESPONSE = (extension(7, struct.pack("<QBB", 5, 2, 0)), extension(1, b"\x00\xB4"),
            extension(20, b"\x01\x21"), extension(2, b"\x77"))


def socket_seeds():
    hello = struct.pack("<IHHQ", 0x4D504976, 1, 1, 0)
    yield record(1, extension(4, hello), handle=0)
    yield record(1, extension(4, hello + bytes(16) + struct.pack("<IIHHI", 1, 0x3F, 272, 128, 4096)),
                 extension(3, b"vm:127.0.0.1:9002"), handle=0)
    yield record(2, extension(5, b"ipmitool"), handle=0)
    yield record(6, extension(1, b"\x00\xB4"), extension(2, b"\x01\x02\x03"), target=1)
    yield record(6, extension(2, bytes(272)), flags=2)
    yield record(7, extension(2, bytes(15)), netfn=7)
    yield record(9, extension(6, struct.pack("<BI", 1, 1)), flags=4)
    yield record(11, extension(7, struct.pack("<QBB", 5, 1, 0)), extension(2, bytes(16)))
    yield record(12, extension(8, struct.pack("<QQ", 3, 9)))
    yield record(13, extension(3, b"client"), handle=0)
    yield record(14, extension(9, b"\x04nameipmitool"), extension(10, b"\x03pid" + bytes(8)))
    yield record(16, extension(11, struct.pack("<BQ", 1, 3)))
    yield record(6, extension(99, b"?", flags=1))
    yield record(6, extension(99, b"?"))
    yield record(15, handle=0)
    yield record(22, SUBSCRIPTION)
    yield record(22, extension(17, clause(2, sensor_type=4) + clause(0x80)), FROM_NUMBER)
    yield record(23)
    yield record(10, extension(19, struct.pack("<QQ", 7, 2)))
    yield record(24, *RESPONSE, netfn=0x31)
    yield record(11, *RESPONSE, flags=8, netfn=0x30)


def shim_seeds():
    for message in socket_seeds():
        yield b"\x00" + message
    controller = struct.pack("<iHBB", 0x0C, 0x0F, 0, 0)
    lan = struct.pack("<iHBBBBB", 4, 1, 4, 0, 0x81, 0x20, 0)
    for address in (controller, struct.pack("<iHBB", 1, 0, 0xB4, 2),
                    struct.pack("<iHBB", 0x41, 0, 0xB4, 0), lan,
                    struct.pack("<iHBBB", 0x81, 0, 0xB4, 0, 0)):
        for netfn, command, data in ((6, 1, b""), (6, 0x34, bytes(8)), (0x0A, 0x43, bytes(270)),
                                     (7, 1, b"\x00\x20")):
            yield (b"\x01" + struct.pack("<BIBBB", 0, 500, netfn, command, len(address)) +
                   address + data)


def chassis_seeds():
    """Dialogues with the simulated controller: pause, netFn, length, command, data."""
    send_b4 = "06 34 00 b4 18 34 20 16 01 c9"
    record = "00 00 02 11 22 33 44 20 00 04 01 01 01 59 2d 50"
    dialogues = [
        # Sensors: read, thresholds, hysteresis, enables, set, rearm, status.
        ["04 2d 01", "04 27 01", "04 26 01 08 00 00 00 10 00 00", "04 24 01 ff 05 06", "04 25 01 ff",
         "04 28 01 d0 80 00 00 00", "04 29 01", "04 30 01 01 50", "04 30 44 20 00 02 00",
         "04 2a 01 00", "04 2b 01", "04 2f 44", "04 23 01 33"],
        # SDRs and the SEL.
        ["0a 20", "0a 22", "0a 23 01 00 01 00 05 10", "0a 23 00 00 ff ff 00 ff", "0a 42",
         "0a 44 " + record, "0a 45 01 00 00 00 00 01 " + record, "0a 43 01 00 ff ff 02 04",
         "0a 46 01 00 01 00", "0a 42", "0a 47 02 00 43 4c 52 aa", "0a 47 02 00 43 4c 52 00"],
        # The IPMB, flags, events.
        [send_b4, "06 31", "06 33", "06 2e 0d", "04 02 41 04 01 30 01 59 00 00", "06 35",
         "06 34 00 00 b4 18 34 20 16 01 c9", "06 30 03", "06 32 00 00",
         "06 34 00 b4 18 34 20 16 34 00 20 1a c6 b4 1c 01 2f 96", "06 33"],
        # Watchdog, power, resets.
        ["06 24 04 31 01 00 14 00", "06 22", "06 25", "00 02 02", "00 04 05", "00 06 02", "06 06 81 82",
         "06 02", "06 01", "06 24 04 02 00 00 01 00", "06 22", "00 01"],
        # FRU, parameters, users, channels.
        ["0a 11 00 00 00 10", "0a 12 00 fe 01 12 34", "0c 01 01 12 02 01 05 06", "0c 02 01 12 02 00",
         "04 12 07 10 c0", "04 13 06 10 00", "04 12 0d 01 02 41 42", "00 08 05 80 04 00 00 00",
         "00 09 07 04 00", "06 58 02 00 00 02 68 69", "06 47 03 02" + " 41" * 16, "06 43 91 03 03",
         "06 54 01 00 80", "06 56 01 00 01", "0a 49 78 56 34 12", "0a 5d 3c 00"],
    ]
    # Boards that come and go, faults, what the simulator shows.
    order = "30 c0 " + b"vipm".hex(" ")
    dialogues += [[f"{order} {line.encode().hex(' ')}" for line in lines] + rows for lines, rows in (
        (("pull 7", "insert 7", "pull 9 now", "reset"), ["06 35", "30 c1 76 69 70 6d 07", "0a 20"]),
        (("fault failure at 25", "fault stuck for 1s", "fault lost 50% at 6", "fault duplicate"),
         ["06 34 00 ba 18 2e 20 16 01 c9", "06 33", "30 c3 76 69 70 6d 00"]),
        (("set 4 0x01 95", "fault sticky", "reset 4", "fault none"), ["06 31", "30 c2 76 69 70 6d 04 00"]),
    )]
    for dialogue in dialogues:
        for options in (0, 1, 2, 4, 12):
            seed = bytes([options])
            for line in dialogue:
                request = bytes.fromhex(line)
                seed += bytes([10, request[0], len(request) - 2]) + request[1:]
            yield seed


def chassis_control_seeds():
    for line in (b"pull 7 now", b"insert 28 fan-tray", b"set 7 'Cpu Temp' -3.125", b"set 7 0x30 raw 9",
                 b"set 7 \"it's\" state 0,3,14", b"set 7 x auto", b"fault late 10% by 250ms at 7 for 5s",
                 b"fault failure at 24", b"fault none", b"reset", b"reset 7", b"x" * 120, b"puul"):
        yield b"\0" + line
    name = b"CT 820".ljust(16, b"\0")
    yield b"\1\1slot 7 is empty"
    yield b"\2\1" + bytes([21, 28, 1, 7, 0xBC, 2, 1]) + struct.pack("<QQ", 1, 1000) + name + b"\1"
    yield b"\3\1" + bytes([5, 3, 3, 0xB8, 2, 0x2C, 12, 2]) + name + b"CPU Temperature " + \
        struct.pack("<BBI", 1, 20, 3)
    yield b"\4\1" + bytes([5, 3, 12, 0x30, 1, 1, 0, 5, 0xF0, 1]) + struct.pack("<Hi", 5, -1) + name
    yield b"\5\1" + bytes([0, 2, 2, 10, 7]) + struct.pack("<IIII", 7000, 0xFFFFFFFF, 3, 2)
    yield b"\6# a card\nat 0s pull 7\nafter 250ms set 7 'a # b' 1 # held\n\nat 2s insert 7"
    yield b"\xC0vipmpull 7"
    yield b"\xC1vipm\7"
    yield b"\xC2vipm\7\3"
    yield b"\xC3vipm\0"


def core_seeds():
    """Worlds of the simulation: any bytes make one."""
    for number in range(40):
        yield random.Random(number).randbytes(200 + 100 * number)


def door_seeds():
    """Pairs of what and how, as fuzz_door.c reads them."""
    link_up = bytes([10, 0x3E, 2, 4])
    opened = bytes([0, 0, 1, 0])
    ask = bytes([2, 0xE0, 0, 0, 0, 0, 6, 1, 0])
    ask_bus = bytes([2, 0xE0, 200, 0, 1, 0xB4, 6, 1, 0])
    pull, sent, late = bytes([5, 0]), bytes([7, 0]), bytes([11, 24])
    answer = bytes([8, 0, 4, 0, 0x20, 1, 2])
    done = bytes([7, 3])
    yield link_up + opened + ask + pull + sent + answer + pull + done
    yield link_up + opened + ask * 12 + (pull + sent + answer + pull + done) * 12
    yield opened + ask + link_up + pull + sent + late + pull + done + answer
    yield link_up + opened + ask_bus + pull + sent + answer + (pull + sent) * 4 + late
    yield link_up + opened + ask + pull + bytes([1, 0]) + sent + answer + pull + done
    yield link_up + opened + bytes([4, 0x20, 1, 9, 0, 0xB4, 4, 3, 1, 2, 3]) + pull + done
    yield link_up + opened + ask + pull + sent + bytes([10, 1]) + pull + done + bytes([10, 0])
    yield link_up + opened + bytes([4, 0x40, 6, 1, 1, 50]) + ask + pull + sent + answer + pull
    yield link_up + opened + bytes([4, 0x60, 0xB4, 3]) + ask_bus + pull + sent + late


def rights_seeds():
    """Lives of two programs: any bytes make one, and many of them meet."""
    for number in range(200):
        yield random.Random(number).randbytes(100 if number < 100 else 4000)


def session_seeds():
    """Messages with their lengths before them, as fuzz_session.c reads them."""
    def said(*messages):
        return b"\0" + b"".join(m if len(m) == 1 else bytes([len(m)]) + m for m in messages)

    hello = record(1, extension(4, struct.pack("<IHHQ", 0x4D504976, 1, 1, 0)), handle=0)
    opened = record(2, extension(5, b"ipmitool"), handle=0)
    handle = 0x10000
    ask = record(6, extension(2, b"\x01"), handle=handle)
    answer = b"\xF1"
    yield said(hello, opened, ask, answer, ask, answer)
    yield said(hello, opened, ask * 1, ask, ask, ask, ask, answer, record(8, handle=handle))
    yield said(hello, opened, record(9, extension(6, struct.pack("<BI", 1, 1)), handle=handle),
               b"\xF3", b"\xF3")
    subscribe = record(22, extension(17, clause(2, directions=3, severity=1)), FROM_NUMBER,
                       handle=handle)
    yield said(hello, opened, record(22, SUBSCRIPTION, handle=handle), b"\xF3", subscribe, b"\xF3",
               record(13, extension(3, b"event"), handle=0), record(23, handle=handle), b"\xF3")
    yield said(hello, opened, opened, subscribe, record(22, FROM_NUMBER, handle=handle + 1),
               b"\xF3", b"\xF5", b"\xF4", record(4, handle=handle), b"\xF3")
    for name in (b"status", b"client", b"counter", b"reservation", b"sequence", b"event",
                 b"nonsense"):
        yield said(hello, opened, record(13, extension(3, name), handle=0))
    yield said(hello, record(16, extension(11, struct.pack("<BQ", 1, 2)), handle=0))
    yield said(hello, opened, ask, record(3, handle=handle), record(4, handle=handle), answer)
    yield said(hello, opened, record(18, extension(12, struct.pack(
        "<BBHIBBBB", 0x30, 2, 0x41, 0xFFFFFFFF, 0xFF, 0xFF, 0xFF, 0)), handle=handle),
               record(24, *RESPONSE, handle=handle, netfn=0x31), record(24, handle=handle))
    yield said(opened)
    yield said(hello, hello)
    yield said(hello, opened, ask, b"\xF0" , b"\xF5", b"\xF4", ask, answer)


def guest_seeds():
    """Lives of a guest, as fuzz_guest.c reads them."""
    def ask(netfn, command, *data):
        return bytes([6, 0x5A, netfn << 2, command, len(data), *data])

    here = b"\x00" + bytes([2, 8, 0x3F])
    feed, second = ask(6, 0x22), bytes([3]) + (1000).to_bytes(3, "little")
    armed = ask(6, 0x24, 4, 0x31, 1, 0, 30, 0) + feed
    answered = bytes([5, 0, 0, 2, 1, 2])
    yield b"\x0F" + here + ask(6, 1) + answered + ask(4, 0x2D, 1) + answered
    yield b"\x0F" + here + armed + second * 2 + ask(6, 0x31) + ask(6, 0x30, 8) + second * 2
    yield b"\x0F" + here + armed + b"\x01" + second * 70 + here + feed
    yield b"\x0F" + here + armed + b"\x01" + second * 9 + b"\x00" + bytes([2, 8, 1]) + second * 3
    yield b"\x0F" + here + ask(6, 0x2E, 15) + bytes([4, 7]) * 20 + ask(6, 0x35) * 18
    frame = [0x20, 0xB2, 0x10, 0x3E, 0x20, 0x28, 0x01, 0xB7]
    yield b"\x0F" + here + (ask(6, 0x34, 7, *frame[1:]) + answered + ask(6, 0x33)) * 12
    for control in range(7):
        yield b"\x0F" + here + ask(0, 2, control)
    yield b"\x0F" + here + armed + bytes([4, 7, 8]) + second + here + second * 3 + b"\x08"
    add, event = ask(0x0A, 0x44, *range(16)), ask(4, 2, 0x41, 4, 1, 0x52, 1, 0x57, 1, 2)
    reserve, whole = ask(0x0A, 0x42), ask(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF)
    log = add * 3 + event + reserve + ask(0x0A, 0x46, 1, 0, 2, 0) + whole + b"\x08" + here
    yield b"\x3F" + here + log + armed + second * 4 + reserve + ask(
        0x0A, 0x47, 2, 0, 0x43, 0x4C, 0x52, 0xAA) + whole
    yield b"\x3F" + here + add * 130 + whole + b"\x08" + here + add + ask(0x0A, 0x11, 0, 0, 0, 0xFF)
    kept = bytes([1, 1, 0, 2, 0, 0, 0, 1, 4, 0x31, 1, 0, 30, 0, 3])
    yield b"\x0F" + b"\x09\x80\0\1\1" + bytes(8) + kept + bytes(60) + here + second * 3
    for netfn in range(0, 0x2E, 2):
        yield b"\x07" + here + b"".join(ask(netfn, command, 0) for command in range(0, 0x60))
    for number in range(100):
        yield random.Random(number).randbytes(2000)


def cuse_seeds():
    """Programs on a node: what happens, and what lies in a caller's memory, as fuzz_cuse.c reads."""
    opened, answer, event = b"\0", b"\5", b"\6"

    data = b"\x07\0"
    si = struct.pack("<ihBB", 0x0C, 0x0F, 0, 0)
    ipmb = struct.pack("<ihBB", 1, 7, 0x52, 0)
    bus = struct.pack("<ihBB", 1, 0, 0x52, 0)

    def req(address, netfn=6, command=1):
        return struct.pack("<QIIqBBHIQ", 0x2000, len(address), 0, 5, netfn, command, len(data), 0,
                           0x3000), address, data

    narrow = struct.pack("<IIiBBHI", 0x2000, len(si), 5, 6, 1, len(data), 0x3000)
    recv = struct.pack("<iIQIIqBBHIQ", 0, 0, 0x2000, 36, 0, 0, 0, 0, 64, 0, 0x3000)
    send = b"\4\0" + req(si)[0] + b"\0" + si + data
    yield opened + send + answer + b"\4\2" + recv
    yield opened * 2 + send * 6 + answer * 6 + (b"\4\2" + recv) * 6 + b"\x12"
    yield opened + b"\4\x10" + narrow + b"\0" + si + data + answer + b"\x82" + b"\4\x12" + recv[:24]
    yield opened + b"\4\0" + req(ipmb)[0] + b"\0" + ipmb + data + answer + b"\3"
    yield opened + b"\4\0" + req(ipmb)[0] + b"\0" + ipmb + data + b"\3" + b"\1" + answer
    yield opened + b"\4\0" + req(bus, 7, 1)[0] + b"\0" + bus + data + answer
    yield opened + b"\4\4\1\0\0\0" + event * 20 + (b"\4\2" + recv) * 20
    for number in range(20):
        yield opened + bytes([4, number]) + b"\1\2\3\4" * 20
    yield opened + b"\4\5\x30\x41" + b"\x10" + b"\x14\5\x30\x41" + b"\1" + b"\x14\5\x30\x41"
    yield opened + b"\x10\x20\x30\x40\x50" + b"\1" + b"\x40" + b"\x08" + b"\7"
    for number in range(100):
        yield random.Random(number).randbytes(400)


TARGETS = {"bt": bt_seeds, "chassis": chassis_seeds, "chassis_control": chassis_control_seeds,
           "command": command_seeds, "core": core_seeds, "cuse": cuse_seeds, "door": door_seeds,
           "guest": guest_seeds, "ipmb": ipmb_seeds,
           "rights": rights_seeds, "sdr": sdr_seeds, "shim": shim_seeds, "session": session_seeds,
           "socket": socket_seeds, "vm": vm_seeds}


def main():
    directory, stamp = sys.argv[1:3]
    shutil.rmtree(directory, ignore_errors=True)
    for target, seeds in TARGETS.items():
        os.makedirs(os.path.join(directory, target))
        for number, seed in enumerate(seeds()):
            with open(os.path.join(directory, target, f"{number:03}"), "wb") as file:
                file.write(seed)
    with open(stamp, "w"):
        pass


main()
