#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""libvipmi as a program meets it: installed, found by pkg-config, linked shared and static, from C
and C++, with the programs of docs/libvipmi.md; and what it exports and must never call.

usage: test_library.py VIPMID BUILD TOP
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from agent import Agent, PATIENCE, run

VIPMID, BUILD, TOP = sys.argv[1:4]
DESTDIR = tempfile.mkdtemp(prefix="vipmi-test-")
C = ["gcc", "-std=c11", "-D_DEFAULT_SOURCE"]
CXX = ["g++", "-std=c++11", "-x", "c++"]
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror"]


def output(*words, **more):
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def install():
    """Into a folder of its own; returns its prefix there and the folder of the library."""
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True,
                   env={**os.environ, "DESTDIR": DESTDIR}, stdout=subprocess.DEVNULL)
    for folder, _, files in os.walk(DESTDIR):
        if "vipmi.pc" in files:
            library = os.path.dirname(folder)
            prefix = re.search("^prefix=(.*)$", open(os.path.join(folder, "vipmi.pc")).read(),
                               re.MULTILINE).group(1)
            return DESTDIR + prefix, library
    raise AssertionError("no vipmi.pc was installed")


PREFIX, LIBRARY = install()
SHARED = os.path.join(LIBRARY, "libvipmi.so")
STATIC = os.path.join(LIBRARY, "libvipmi.a")
HEADER = open(os.path.join(PREFIX, "include/vipmi/vipmi.h")).read()


def api():
    """The functions that the header declares."""
    code = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)
    code = re.sub(r"static inline.*?\n}\n", "", code, flags=re.DOTALL)
    return set(re.findall(r"\b(vipmi_\w+)\(", code))


def the_shared_library_exports_the_api_and_nothing_else():
    lines = output("nm", "-D", "--defined-only", SHARED).split("\n")
    symbols = {line.split()[2] for line in lines if line} - {"VIPMI_0"}
    assert symbols == {name + "@@VIPMI_0" for name in api()}, symbols
    listed = set(re.findall("^vipmi_.*$", open(os.path.join(TOP, "client/symbols.list")).read(),
                            re.MULTILINE))
    assert listed == api(), listed ^ api()
    assert "libvipmi.so.0]" in output("readelf", "-d", SHARED)


def the_static_library_has_no_other_global_names():
    lines = output("nm", "-g", "--defined-only", STATIC).split("\n")
    assert {line.split()[2] for line in lines if len(line.split()) == 3} == api()


def it_neither_prints_nor_raises_signals_nor_ends_the_program():
    used = set(re.findall(r" U (\w+)", output("nm", "-D", "--undefined-only", SHARED)))
    assert "recvmmsg" in used, used  # the expression above still finds something
    forbidden = {"abort", "exit", "_exit", "quick_exit", "__assert_fail", "raise", "kill", "signal",
                 "sigaction", "printf", "__printf_chk", "fprintf", "__fprintf_chk", "puts",
                 "vfprintf", "stderr", "stdout", "syslog", "perror", "fork", "pthread_create",
                 "base_assertion_failed"}
    assert not used & forbidden, used & forbidden


def programs():
    """The complete programs of the guide."""
    text = open(os.path.join(TOP, "docs/libvipmi.md")).read()
    blocks = re.findall(r"```c\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2 and all("int main(void)" in block for block in blocks)
    return blocks


def flags(*words):
    return output("pkg-config", "--define-variable=prefix=" + PREFIX, *words, "vipmi", env={
        **os.environ, "PKG_CONFIG_PATH": os.path.join(LIBRARY, "pkgconfig")}).split()


def the_guides_programs_compile_and_work():
    agent = Agent(VIPMID, "chassis:service=0")
    cflags, libs = flags("--cflags"), flags("--libs")
    assert "-lvipmi" in libs, libs
    kinds = [("C, shared", C, libs), ("C++, shared", CXX, libs),
             ("C, static", C, [STATIC, "-lpthread"])]
    expected = [r"firmware \d+\.\d\d\n", r"(\w+( \w+)?: completion code 00h, \d+ bytes\n){3}"]
    for number, program in enumerate(programs()):
        source = os.path.join(DESTDIR, "program%d.c" % number)
        with open(source, "w") as file:
            file.write(program)
        for kind, compiler, link in kinds:
            binary = os.path.join(DESTDIR, "program")
            subprocess.run([*compiler, *STRICT, *cflags, source, "-x", "none", "-o", binary, *link],
                           check=True)
            environment = {**os.environ, "VIPMI_TARGET": agent.path, "LD_LIBRARY_PATH": LIBRARY}
            out = output(binary, env=environment, timeout=PATIENCE)
            assert re.fullmatch(expected[number], out), (kind, out)
            gone = subprocess.run([binary], env={**environment, "VIPMI_TARGET": "/nowhere"},
                                  text=True, stderr=subprocess.PIPE, timeout=PATIENCE)
            assert gone.returncode == 1 and "is vipmid running?" in gone.stderr, (kind, gone)
    agent.stop()


def the_header_explains_every_function():
    for name in api():
        assert re.search(r"\*/\n(static inline )?[^/]*\b%s\(" % name, HEADER), name


try:
    run([the_shared_library_exports_the_api_and_nothing_else,
         the_static_library_has_no_other_global_names,
         it_neither_prints_nor_raises_signals_nor_ends_the_program,
         the_guides_programs_compile_and_work,
         the_header_explains_every_function])
finally:
    shutil.rmtree(DESTDIR)
