#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""OpenIPMI's ipmi_sim as a controller that is the same every time.

usage: ipmi_sim.py DIRECTORY PORT

Writes its configuration into DIRECTORY (emptied of an earlier state first), then
becomes ipmi_sim, serving the VM protocol on 127.0.0.1:PORT in the foreground.
The node card is at 20h; a satellite at 30h answers over its IPMB.
"""
import os
import shutil
import subprocess
import sys

LAN_CONF = """\
name "card"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {lan_port}
    priv_limit admin
    allowed_auths_admin none md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  serial 15 127.0.0.1 {port} codec VM
  startnow false
  user 1 true  ""        "test" user     10       none md5 straight
  user 2 true  "ipmiusr" "test" admin    10       none md5 straight
"""

# name, number, sensor type, unit, m, exponent, raw value, thresholds (unr uc unc lnr lc lnc, raw)
ANALOG = [
    ("Cpu Temp", 1, "Temperature", 0x01, "degrees_C", 1, 0, 0x2D, (0x5F, 0x5A, 0x55, 0, 0, 0)),
    ("Board Temp", 2, "Temperature", 0x01, "degrees_C", 1, 0, 0x1E, (0x50, 0x4B, 0x46, 0, 0, 0)),
    ("Rail 12v", 3, "Voltage", 0x02, "Volts", 6, -2, 0xC8, (0xE6, 0xDC, 0xD6, 0xAA, 0xB4, 0xBA)),
    ("Rail 3v3", 4, "Voltage", 0x02, "Volts", 2, -2, 0xA5, (0xBE, 0xB4, 0xAF, 0x8C, 0x96, 0x9B)),
    ("Fan Front", 5, "Fan", 0x04, "RPM", 60, 0, 0x50, (0, 0, 0, 0x0A, 0x14, 0x1E)),
]


def sdr(name, number, kind, unit, m, exponent, thresholds):
    upper = "true" if any(thresholds[:3]) else "false"
    lower = "true" if any(thresholds[3:]) else "false"
    lines = [
        "sdr type 1", "sensor_owner_id 0x20", "sensor_owner_lun 0", "channel_number 0",
        f"sensor_number {number}", "entity_id system_board", "entity_instance 1",
        "init_scanning true", "init_events true", "init_thresholds true", "init_hysteresis true",
        "init_sensor_type true", "default_event_gen_on true", "default_sensor_scan_on true",
        f"sensor_type {kind}", "event_reading_type_code 1", "sensor_auto_rearm true",
        "sensor_hysteresis no", "sensor_threshold_access settable",
        "sensor_event_msg_ctrl per_state",
        f"assert_uncgh {upper}", f"assert_ucgh {upper}", f"assert_unrgh {upper}",
        f"deassert_uncgh {upper}", f"deassert_ucgh {upper}", f"deassert_unrgh {upper}",
        f"assert_lncgl {lower}", f"assert_lcgl {lower}", f"assert_lnrgl {lower}",
        f"deassert_lncgl {lower}", f"deassert_lcgl {lower}", f"deassert_lnrgl {lower}",
    ]
    for level in ("unc", "uc", "unr"):
        lines += [f"{level}_thrsh_settable {upper}", f"{level}_thrsh_readable {upper}"]
    for level in ("lnc", "lc", "lnr"):
        lines += [f"{level}_thrsh_settable {lower}", f"{level}_thrsh_readable {lower}"]
    lines += [
        "analog_data_format unsigned", "rate_unit none", "modifier_unit none",
        "percentage false", f"base_unit {unit}", "modifier_unit_code unspecified",
        "linearization linear", f"m {m}", "tolerance 0", "b 0", "accuracy 1", "accuracy_exp 0",
        "sensor_direction input", f"r_exp {exponent}", "b_exp 0", "sensor_maximum 255",
        "sensor_minimum 0",
    ]
    levels = dict(zip(("unr", "uc", "unc", "lnr", "lc", "lnc"), thresholds))
    lines += [f"{level}_thresh {value}" for level, value in levels.items() if value]
    lines += [f'id_string "{name}"', "endsdr"]
    return "\n\t".join(lines[:-1]) + "\n" + lines[-1] + "\n"


def fru():
    """Board and product area, IPMI Platform Management FRU Information Storage Definition 1.0."""
    def area(head, fields):
        body = bytes(head)
        for text in fields:
            body += bytes([0xC0 | len(text)]) + text.encode()
        body += b"\xC1"
        length = (len(body) + 2 + 1 + 7) // 8 * 8
        body = bytes([1, length // 8]) + body
        body += bytes(length - 1 - len(body))
        return body + bytes([-sum(body) & 0xFF])

    board = area([25, 0x10, 0x20, 0x30], ["vipmi", "Node Card", "SN0042", "PN-7", "fru.dat"])
    product = area([25], ["vipmi", "Sim Node", "PN-8", "v2", "SN0043", "asset", "fru.dat"])
    header = bytes([1, 0, 0, 1, 1 + len(board) // 8, 0, 0])
    return header + bytes([-sum(header) & 0xFF]) + board + product


def emulator():
    out = ["mc_setbmc 0x20",
           "mc_add 0x20 0x20 no-device-sdrs 0x01 2 0x15 0xbf 0x001291 0x0f02 persist_sdr",
           "sel_enable 0x20 200 0x0a"]
    for _, number, _, code, _, _, _, value, limits in ANALOG:
        mask = "".join("1" if limit else "0" for limit in limits)
        settable = mask
        states = ("000111111000000" if any(limits[:3]) else "0" * 15)
        values = " ".join(f"0x{limit:02x}" for limit in limits)
        out += [f"sensor_add 0x20 0 {number} 0x{code:02x} 0x01",
                f"sensor_set_value 0x20 0 {number} 0x{value:02x} 0",
                f"sensor_set_threshold 0x20 0 {number} settable {settable} {values}",
                f"sensor_set_event_support 0x20 0 {number} enable scanning per-state "
                + " ".join([states] * 4)]
    data = " ".join(f"0x{byte:02x}" for byte in fru())
    out += [f"mc_add_fru_data 0x20 0 256 data {data}", "mc_enable 0x20",
            "mc_add 0x30 0x31 no-device-sdrs 0x00 1 0x03 0x21 0x001291 0x0f03", "mc_enable 0x30"]
    return "\n".join(out) + "\n"


def main():
    directory, port = sys.argv[1], int(sys.argv[2])
    state = os.path.join(directory, "state", "ipmi_sim", "card")
    shutil.rmtree(os.path.join(directory, "state"), ignore_errors=True)
    os.makedirs(state)
    os.chdir(directory)
    # Nobody speaks LAN here; the port only has to be one that is free.
    with open("lan.conf", "w") as file:
        file.write(LAN_CONF.format(port=port, lan_port=port))
    with open("card.emu", "w") as file:
        file.write(emulator())
    with open("card.sdrs", "w") as file:
        for name, number, kind, _, unit, m, exponent, _, limits in ANALOG:
            file.write(sdr(name, number, kind, unit, m, exponent, limits))
    subprocess.run(["sdrcomp", "-o", os.path.join("state/ipmi_sim/card", "sdr.20.main"),
                    "card.sdrs"], check=True)
    os.execvp("ipmi_sim", ["ipmi_sim", "-c", "./lan.conf", "-f", "./card.emu",
                           "-s", "./state", "-n"])


main()
