# SPDX-License-Identifier: Apache-2.0
"""A machine that is short of something, or forbids it."""
import ctypes
import errno
import os
import platform
import resource
import shutil
import struct
import subprocess

from harness import Client, LeftOut, expect, expect_equal, until

LOCAL = ("-a", "127.0.0.1", "-p", "-1")
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD_NUMBER, LOAD_ARG0 = 0, 16
BPF_LD, BPF_JEQ, BPF_RET = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7fff0000, 0x00050000
NUMBERS = {"x86_64": {"sched_setaffinity": 203, "socket": 41}, "aarch64": {"sched_setaffinity": 122, "socket": 198}}


def case_without_descriptors_newcomers_wait(world):
    """With all descriptors in use, those who are in go on, newcomers wait, and are served when there is room (P8)."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    server = world.start(*LOCAL, preexec_fn=limit)
    first = server.client()
    first.send("SUB a 1\r\n")
    port, crowd = server.port(), []
    for _ in range(80):
        crowd.append(Client(port, connect=False))
    first.send("PUB a 2\r\nhi\r\n")
    first.wait_for("MSG a 1 2")
    for client in crowd[:70]:
        client.close()
    late = crowd[-1]
    late.wait_for("INFO")
    late.send("CONNECT {}\r\nPING\r\n")
    late.wait_for("PONG")
    first.ping()
    expect_equal(server.stop(), 0)


def case_the_limit_of_descriptors_is_raised(world):
    """The soft limit is raised to the hard one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 512:
        raise LeftOut("the hard limit is too low to see a difference")
    server = world.start(*LOCAL, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
    with open(f"/proc/{server.pid}/limits", encoding="utf-8") as file:
        row = next(line for line in file if line.startswith("Max open files"))
    expect(int(row.split()[3]) > 256, row)


def jump(code, value, yes, no):
    return struct.pack("<HBBI", code, yes, no, value)


def forbid():
    """In the child: sched_setaffinity and sockets of AF_UNIX are refused from now on."""
    numbers = NUMBERS[platform.machine()]
    rules = [jump(BPF_LD, LOAD_NUMBER, 0, 0),
             jump(BPF_JEQ, numbers["sched_setaffinity"], 4, 0),
             jump(BPF_JEQ, numbers["socket"], 0, 2),
             jump(BPF_LD, LOAD_ARG0, 0, 0),
             jump(BPF_JEQ, 1, 1, 0),
             jump(BPF_RET, ALLOW, 0, 0),
             jump(BPF_RET, REFUSE | errno.EPERM, 0, 0)]
    install(rules)


def install(rules):
    """In the child: these rules judge each system call from now on; exits with 77 where that is not allowed."""
    code = b"".join(rules)
    block = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
    program = Program(len(rules), ctypes.addressof(block))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        os._exit(77)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        os._exit(77)


def case_a_sandbox_without_unix_sockets_is_no_hindrance(world):
    """The server runs where AF_UNIX and sched_setaffinity are forbidden."""
    if platform.machine() not in NUMBERS:
        raise LeftOut("no filter for this processor")
    server = world.start_with('listen: "0.0.0.0:-1"\nhttp: "127.0.0.1:-1"\n', preexec_fn=forbid, ready=False)
    if until(lambda: server.process.poll() == 77 or server.has("Server is ready"), "the start") \
            and server.process.poll() == 77:
        raise LeftOut("this machine allows no filter")
    server.client().ping()
    expect_equal(server.stop(), 0)


def without_proc():
    """The words in front of a command that let it find /proc empty, or None: some machines allow it to root alone,
    some to strangers alone."""
    empty = ("--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"')
    for wrapper in (("unshare", *empty), ("unshare", "--user", "--map-root-user", *empty)):
        if shutil.which("unshare") and subprocess.run([*wrapper, "true"], check=False, capture_output=True).returncode == 0:
            return wrapper
    return None


def case_a_machine_without_proc_is_no_hindrance(world):
    """The server runs where /proc is empty."""
    wrapper = without_proc()
    if wrapper is None:
        raise LeftOut("this machine allows no namespaces")
    server = world.start_with('listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\n', wrapper=wrapper)
    server.client().ping()
    code = server.stop()
    expect(server.has("Server Exiting.."), server.text())
    if not server.has("LeakSanitizer has encountered a fatal error"):      # it cannot do without, and sets the code
        expect_equal(code, 0)


def case_a_read_only_home_is_no_hindrance(world):
    """The server starts in a folder where it may not write."""
    server = world.start(*LOCAL, preexec_fn=lambda: os.chdir("/proc"))
    server.client().ping()
    expect_equal(server.stop(), 0)
