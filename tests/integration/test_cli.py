#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vipmi, the command: every object and verb, every exit code, and what it says when things go wrong.

usage: test_cli.py VIPMID VIPMI
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

from agent import Agent, ERROR, OPEN, EXT_NAME, PATIENCE, extension, message, run, wait_until

VIPMID, VIPMI = map(os.path.abspath, sys.argv[1:3])
DONE, LOCAL, USAGE, REFUSED, LOST, CODE = range(6)
NOBODY = 65534
AGENT = Agent(VIPMID, "chassis:service=0")
ROOT = os.geteuid() == 0


class Result:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return "exit %d\n--- out\n%s--- err\n%s" % (self.code, self.out, self.err)


def vipmi(*words, code=DONE, says=(), target=None, env=(), stdin="", **more):
    """Runs it and checks the exit code, and that standard error has these words."""
    environment = {**os.environ, "VIPMI_TARGET": target or AGENT.path, **dict(env)}
    result = Result(subprocess.run([VIPMI, *words], env=environment, text=True, timeout=PATIENCE,
                                   input=stdin, capture_output=True, **more))
    assert result.code == code, (words, result)
    for text in [says] if isinstance(says, str) else says:
        assert text in result.err, (text, words, result)
    if code == DONE:
        assert not result.err, (words, result)
    return result


def as_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


# ---- status

def status_shows_at_one_look_how_it_is():
    out = vipmi("status").out
    for text in ("chassis:service=0", "SIMULATED", "up, answering", "vipmid", "of 4096 virtual",
                 "queued", "busy"):
        assert text in out, (text, out)


def status_counts():
    before = vipmi("status", "-o", "json").json
    vipmi("raw", "6", "1")
    after = vipmi("-o", "json", "status").json
    assert before["up"] is True and before["simulated"] is True and before["handles"] == 0
    assert after["requests_accepted"] == before["requests_accepted"] + 1
    assert after["answers_delivered"] == before["answers_delivered"] + 1
    line = vipmi("status", "-o", "jsonl").out
    assert line.count("\n") == 1 and json.loads(line)["handles_max"] == 4096
    assert "requests_accepted" in vipmi("status", "--verbose").out
    assert "requests_accepted" not in vipmi("status").out


def a_silent_controller_is_told_as_silent():
    agent = Agent(VIPMID, "chassis:silent")
    wait_until(lambda: "silent" in vipmi("status", target=agent.path).out)
    agent.stop()


# ---- reaching the agent

def nobody_there_says_so_and_what_to_do():
    for words in (["status"], ["raw", "6", "1"], ["client", "list"], ["client", "show", "1"],
                  ["client", "kick", "1"], ["exec", "true"]):
        vipmi(*words, target="/nowhere/ipmi0.sock", code=LOCAL,
              says=["/nowhere/ipmi0.sock", "is vipmid running?"])


def the_option_goes_before_the_environment():
    vipmi("--target", AGENT.path, "status", target="/nowhere")
    vipmi("status", "--target=" + AGENT.path, target="/nowhere")
    vipmi("--target", "/etc/passwd", "status", code=LOCAL, says="neither a socket nor a device")


def who_is_not_in_the_group_is_refused():
    if not ROOT:
        return
    os.chmod(AGENT.folder, 0o755)
    os.chmod(AGENT.path, 0o660)
    vipmi("status", code=REFUSED, says=["permission denied", "join the group vipmi"],
          preexec_fn=as_nobody)


# ---- raw

def raw_takes_names_and_numbers():
    answer = vipmi("raw", "app", "get-device-id").out
    assert re.fullmatch(r"( [0-9a-f]{2}){15}\n", answer), answer
    for words in ("6 1", "0x06 0x01", "06h 01h", "APP Get-Device-ID", "0x6 get-device-id"):
        assert vipmi("raw", *words.split()).out == answer, words


def raw_prints_as_ipmitool_does():
    for words in ("6 1", "0x0a 0x11 0 0 0 40"):
        tool = subprocess.run([VIPMI, "exec", "--", "ipmitool", "raw", *words.split()],
                              env={**os.environ, "VIPMI_TARGET": AGENT.path},
                              capture_output=True, text=True, timeout=PATIENCE)
        assert vipmi("raw", *words.split()).out == tool.stdout, (words, tool)


def a_completion_code_is_told_in_words():
    vipmi("raw", "6", "0xFF", code=CODE, says=["completion code C1h", "invalid command"])
    answer = vipmi("raw", "6", "0xFF", "-o", "json", code=CODE).json
    assert answer["completion_code"] == 0xC1 and answer["sent"] == "yes", answer
    assert answer["origin"] == "controller" and answer["reason"] is None, answer


def raw_sends_several_on_one_controller():
    """What a Send Message brings is in the queue of the virtual controller that sent it."""
    send = "app send-message 0 0xb4 0x18 0x34 0x81 0x04 0x01 0x7a"
    both = vipmi("raw", "--wait", "20s", *send.split(), "+", "app", "get-message").out
    # Send Message brings nothing itself. Channel 0, netFn 07h, LUN 0, checksum, from B4h under the
    # number that was written, Get Device ID, completed.
    assert both.startswith("\n 00 1c 63 b4 04 01 00 34 "), both
    vipmi("raw", *send.split())
    vipmi("raw", "app", "get-message", code=CODE, says="80h")
    lines = f"# to the third slot\n\n{send}\napp get-message # waits\n6 0x2e 0x0f\n"
    assert vipmi("raw", "--wait", "20s", "-", stdin=lines).out == both + "\n"
    result = vipmi("raw", "6", "0xFF", "+", "6", "1", code=CODE, says="C1h")
    assert result.out == "", result
    answers = vipmi("raw", "-o", "jsonl", "6", "1", "+", "6", "4").out.splitlines()
    assert [json.loads(one)["command"] for one in answers] == [1, 4], answers
    vipmi("raw", "6", "1", "+", code=USAGE, says="too few words")
    vipmi("raw", "-o", "json", "6", "1", "+", "6", "4", code=USAGE, says="jsonl")
    vipmi("raw", "-", stdin="6 1\n6 zz\n", code=USAGE, says=["zz", "line 2 of standard input"])
    vipmi("raw", "6", "1", "--wait", "0", code=USAGE, says="not a time")


def raw_in_json_says_who_answered():
    answer = vipmi("raw", "app", "get-device-id", "-o", "jsonl").json
    assert answer["completion_code"] == 0 and len(answer["data"]) == 30, answer
    assert answer["netfn"] == 6 and answer["command"] == 1, answer


def wrong_words_get_suggestions():
    vipmi("raw", "ap", "get-device-id", code=USAGE, says='did you mean "app"?')
    vipmi("raw", "app", "get-devcie-id", code=USAGE, says='did you mean "get-device-id"?')
    vipmi("raw", "app", "get-chassis-status", code=USAGE, says="of chassis")
    vipmi("raw", "app", "zzzzzzzz", code=USAGE, says="vipmi command list app")
    vipmi("raw", "6", "1", "--clas=urgent", code=USAGE, says='did you mean "class"?')
    vipmi("raw", "6", "1", "--class", "urgnet", code=USAGE, says='did you mean "urgent"?')
    vipmi("raw", "6", "1", "-x", code=USAGE, says='unknown option "-x"')


def wrong_numbers_are_named():
    for words, text in (
            ("7 1", "requests have even ones"), ("0x40 1", "0x40"), ("6 256", "256"),
            ("6 1x", "1x"), ("6 1 0x100", "0x100"), ("6 1 -1", "-1"), ("6 1 g", '"g"'),
            ("6 1 --lun 4", "LUN"), ("6 1 --ipmb 0x81", "0x81"), ("6 1 --ipmb 16:0x82", "16:"),
            ("6 1 --ipmb :", "IPMB"), ("6 1 --timeout 0", "time"),
            ("6 1 --timeout 2h", "2h"), ("6 1 --timeout 3601s", "3601s"),
            ("6 1 --timeout", "needs a TIME"), ("6 1 --fresh=1", "takes no value")):
        vipmi("raw", *words.split(), code=USAGE, says=[text, "vipmi raw --help"])
    vipmi("raw", "6", code=USAGE, says="too few words")
    vipmi("raw", code=USAGE, says="too few arguments")
    vipmi("raw", "6", "1", *["0"] * 273, code=USAGE, says="272")
    vipmi("raw", "6", "1", "--name", "n" * 32, code=USAGE, says="31")


def raw_has_a_name_a_class_and_a_lun():
    vipmi("raw", "6", "1", "--class", "background", "--fresh", "--name", "x", "--timeout", "30s")
    assert vipmi("raw", "6", "1", "--lun", "3", "-o", "json").json["sent"] == "yes"


def a_responder_that_is_not_there_is_lost():
    result = vipmi("raw", "6", "1", "--ipmb", "0xEE", "--timeout", "20s", code=LOST,
                   says=["netFn 06h (app), command 01h to EEh on channel 0"])
    assert "is there one at that address?" in result.err or "Timed out" in result.err, result


def a_silent_controller_times_out():
    agent = Agent(VIPMID, "chassis:silent")
    vipmi("raw", "6", "1", "--timeout", "200ms", target=agent.path, code=LOST, says="netFn 06h")
    agent.stop()


def an_agent_that_dies_is_lost():
    agent = Agent(VIPMID, "chassis:silent")
    process = subprocess.Popen([VIPMI, "--target", agent.path, "raw", "6", "1"], text=True,
                               stderr=subprocess.PIPE)
    observer = agent.client()
    wait_until(lambda: observer.query("status")[0]["in_flight"] > 0
               and observer.query("client"))
    agent.process.send_signal(signal.SIGKILL)
    agent.process.wait()
    error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == LOST, (process.returncode, error)
    assert "it may have been executed" in error, error
    agent.folder = None


def too_many_handles_are_refused_with_the_limit():
    agent = Agent(VIPMID, "chassis:service=0", "--max-handles", "1")
    client = agent.client()
    client.handle()
    vipmi("raw", "6", "1", target=agent.path, code=REFUSED, says="virtual controller")
    client.close()
    agent.stop()


# ---- exec

def exec_runs_programs_on_a_virtual_controller():
    out = vipmi("exec", "--", "ipmitool", "mc", "info").out
    assert "IPMI Version" in out, out
    out = vipmi("exec", "ipmitool", "raw", "6", "1").out
    assert out == vipmi("raw", "6", "1").out


def exec_gives_the_programs_exit_status():
    vipmi("exec", "--", "sh", "-c", "exit 7", code=7)
    vipmi("exec", "--", "no-such-program", code=LOCAL, says="cannot run no-such-program")
    vipmi("exec", code=USAGE, says="too few arguments")


def exec_shows_its_name_in_listings():
    script = "exec 3<>/dev/ipmi0 && %s client list -o json" % VIPMI
    rows = json.loads(vipmi("exec", "--name", "nightly", "--", "bash", "-c", script).out)
    assert [row["name"] for row in rows] == ["nightly"], rows
    vipmi("exec", "--name", "n" * 32, "true", code=USAGE, says="31 bytes")


def exec_works_from_a_relative_target_in_another_folder():
    out = vipmi("exec", "--", "sh", "-c", "cd / && ipmitool raw 6 1", target="./ipmi0.sock",
                cwd=AGENT.folder).out
    assert out == vipmi("raw", "6", "1").out


def exec_keeps_what_is_preloaded():
    out = vipmi("exec", "--", "sh", "-c", "echo $LD_PRELOAD",
                env={"LD_PRELOAD": "libm.so.6"}).out
    assert out.strip().endswith("ipmi0.so:libm.so.6"), out


def exec_says_when_its_shim_is_missing():
    vipmi("exec", "true", env={"VIPMI_SHIM": "/nowhere/ipmi0.so"}, code=LOCAL,
          says=["/nowhere/ipmi0.so", "installed"])


def exec_makes_root_believe_for_others_unless_told_not_to():
    assert vipmi("exec", "sh", "-c", "echo $VIPMI_FAKE_ROOT").out == ("\n" if ROOT else "1\n")
    if not ROOT:
        return
    os.chmod(AGENT.path, 0o666)
    try:
        assert vipmi("exec", "sh", "-c", "echo $VIPMI_FAKE_ROOT",
                     preexec_fn=as_nobody).out == "1\n"
        assert vipmi("exec", "--real-user", "sh", "-c", "echo $VIPMI_FAKE_ROOT",
                     preexec_fn=as_nobody).out == "\n"
        vipmi("client", "kick", "1", preexec_fn=as_nobody, code=REFUSED, says="client 1")
    finally:
        os.chmod(AGENT.path, 0o660)


# ---- client

def clients_are_listed_shown_and_kicked():
    assert "No program" in vipmi("client", "list").out
    assert vipmi("client", "list", "-o", "json").json == []
    assert vipmi("client", "list", "-o", "jsonl").out == ""
    client = AGENT.client()
    client.handle()
    client.handle()
    rows = vipmi("client", "list", "-o", "json").json
    assert len(rows) == 2 and rows[0]["name"] == "test" and rows[0]["pid"] == os.getpid(), rows
    assert rows[0]["events"] is False, rows
    number = str(rows[0]["client"])
    assert [json.loads(line) for line in
            vipmi("client", "list", "-o", "jsonl").out.splitlines()][0]["client"] == int(number)
    table = vipmi("client", "list").out.splitlines()
    assert table[0].split()[:3] == ["CLIENT", "NAME", "PID"] and len(table) == 3, table
    assert table[0].index("NAME") == table[1].index("test"), table
    shown = vipmi("client", "show", number).out
    assert shown.count("handle") == 2 and str(os.getpid()) in shown, shown
    assert number in vipmi("client", "kick", number).out
    assert client.receive().kind == ERROR
    vipmi("client", "kick", number, code=LOCAL, says=["there is no client", "client list"])
    vipmi("client", "show", number, code=LOCAL, says=["there is no client", "client list"])
    client.close()


def clients_are_numbers():
    for verb in ("show", "kick"):
        vipmi("client", verb, "nobody", code=USAGE, says='"nobody" is not the number')
        vipmi("client", verb, "-1", code=USAGE)
        vipmi("client", verb, code=USAGE, says="too few arguments")
        vipmi("client", verb, "1", "2", code=USAGE, says="too many arguments")


def a_name_cannot_steer_the_terminal():
    client = AGENT.client()
    for name in (b"\x1b[31mred\n", b"\xff\xfe\xc2\x9b", "Übung".encode()):
        client.send(message(OPEN, klass=1, body=extension(EXT_NAME, name)))
        client.receive()
    out = vipmi("client", "list", env={"LC_ALL": "C.UTF-8"}).out
    assert "\x1b" not in out and "\x9b" not in out, out
    for row in vipmi("client", "list", "-o", "json").json:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", row["name"]), row
    client.close()


# ---- command

def commands_need_no_agent():
    out = vipmi("command", "list", target="/nowhere").out
    assert "get-device-id" in out and "get-sdr" in out
    app = vipmi("command", "list", "app", "-o", "json").json
    assert app and all(row["netfn"] == 6 for row in app)
    shown = vipmi("command", "show", "app", "get-device-id", "-o", "json").json
    assert shown["class"] == "read" and shown["command"] == 1, shown
    assert shown == vipmi("command", "show", "0x06", "1", "-o", "json").json
    assert "Get Device ID" in vipmi("command", "show", "6", "1").out
    for row in vipmi("command", "list", "-o", "json").json:
        by_name = vipmi("command", "show", row["netfn_name"], row["name"], "-o", "json").json
        assert by_name == row, (by_name, row)


def unknown_commands_are_told():
    vipmi("command", "show", "oem", "1", code=LOCAL, says="dangerous")
    vipmi("command", "show", "strage", "get-sdr", code=USAGE, says='"storage"')
    vipmi("command", "list", "strage", code=USAGE, says='"storage"')
    vipmi("command", "show", "storage", "get-srd", code=USAGE, says='"get-sdr"')


# ---- nodes, which the kernel module alone has

def nodes_are_the_kernel_modules():
    assert "no virtual /dev/ipmiN" in vipmi("node", "list").out
    vipmi("node", "add", "--name", "x", code=REFUSED, says="the kernel module alone has nodes")
    vipmi("node", "remove", "x", code=LOCAL, says='there is no node "x"')
    vipmi("node", "remove", "7", code=REFUSED, says="cannot end node /dev/ipmi7")
    vipmi("node", "set", "7", "--class", "urgent", code=REFUSED,
          says="the kernel module alone has nodes")
    vipmi("node", "set", "7", "--privilege", "callback", code=USAGE,
          says="there are user, operator and administrator")
    vipmi("node", "set", "7", code=USAGE, says="--class or --privilege")
    vipmi("node", "reserve", "7", "chassis", "all", code=LOCAL, says='there is no node "7"')


# ---- the command line itself

def everything_has_help():
    everything = vipmi("--help").out
    assert vipmi("-h").out == everything == vipmi("help").out
    for words in ("status", "raw", "exec", "client list", "client show", "client kick",
                  "event list", "event follow", "command list", "command show"):
        assert words in everything
        out = vipmi(*words.split(), "--help", target="/nowhere").out
        assert out.startswith("usage: vipmi " + words), out
        assert vipmi("help", *words.split()).out == out
        assert vipmi("--help", *words.split()).out == out
        assert all(len(line) <= 100 for line in out.splitlines())
    for word in ("client", "command"):
        assert vipmi(word, "--help").out == vipmi("help", word).out
    assert vipmi("--version").out.startswith("vipmi 0.")


def usage_errors_point_to_the_help():
    vipmi(code=USAGE, says="vipmi --help")
    vipmi("stauts", code=USAGE, says=['did you mean "status"?', "vipmi --help"])
    vipmi("xyzzy", code=USAGE, says='unknown object "xyzzy"\n')
    vipmi("client", code=USAGE, says="needs a verb: list, show, kick")
    vipmi("client", "lsit", code=USAGE, says=['did you mean "list"?', "vipmi client --help"])
    vipmi("--taget", "x", "status", code=USAGE, says='did you mean "target"?')
    vipmi("status", "-o", "xml", code=USAGE, says="table, json and jsonl")
    vipmi("-o", "jsn", "status", code=USAGE, says='did you mean "json"?')
    vipmi("status", "now", code=USAGE, says="too many arguments")
    vipmi("--target", code=USAGE, says="--target needs a TARGET")


# ---- reservation, sequence

def a_right_is_held_while_a_program_runs():
    inner = "%s -o json reservation list && %s raw chassis get-chassis-status" % (VIPMI, VIPMI)
    held = vipmi("reservation", "hold", "chassis", "all", "--", "sh", "-c", inner, code=REFUSED,
                 says="another handle has reserved the command (it was not sent)")
    rows = json.loads(held.out)
    assert len(rows) == 1 and rows[0]["netfn"] == 0 and rows[0]["direction"] == "send", rows
    assert "command" not in rows[0], rows
    assert "No command is reserved." in vipmi("reservation", "list").out
    vipmi("raw", "chassis", "get-chassis-status")
    vipmi("reservation", "hold", "app", "1", "sh", "-c", "exit 42", code=42)
    vipmi("reservation", "hold", "app", "1", "--", "/nowhere/x", code=127, says="/nowhere/x")


def a_conflict_names_its_holder():
    inner = "%s reservation hold app get-device-id true" % VIPMI
    vipmi("reservation", "hold", "app", "all", "--", "sh", "-c", inner, code=REFUSED,
          says="holds what is in the way")


def a_reservation_is_revoked():
    inner = ("%s reservation list | awk 'NR == 2 {print $1}' | xargs %s reservation revoke &&"
             " %s raw app get-device-id" % (VIPMI, VIPMI, VIPMI))
    result = vipmi("reservation", "hold", "app", "all", "--", "sh", "-c", inner)
    assert "is revoked" in result.out, result
    vipmi("reservation", "revoke", "77", code=LOCAL, says="there is no reservation 77")
    vipmi("reservation", "revoke", "x", code=USAGE, says='"x" is not the number')


def a_lease_needs_a_time_and_a_target_an_address():
    vipmi("reservation", "hold", "--lease", "soon", "app", "1", "true", code=USAGE,
          says='"soon" is not a time')
    vipmi("reservation", "hold", "--ipmb", "0x81", "app", "1", "true", code=USAGE,
          says="no responder")
    vipmi("reservation", "hold", "app", "1", code=USAGE)


def no_number_is_reserved_at_rest():
    agent = Agent(VIPMID, "chassis:service=0")
    assert "free for everybody" in vipmi("sequence", "list", target=agent.path).out
    assert vipmi("sequence", "list", "-o", "json", target=agent.path).json == []
    agent.stop()


def output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w") as full:
        process = subprocess.run([VIPMI, "command", "list"], stdout=full, stderr=subprocess.PIPE,
                                 text=True, timeout=PATIENCE)
    assert process.returncode == LOCAL and "cannot write" in process.stderr, process


run([value for value in list(globals().values())
     if callable(value) and getattr(value, "__module__", "") == "__main__"
     and value not in (Result, vipmi, as_nobody)])
