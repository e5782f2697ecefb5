# SPDX-License-Identifier: Apache-2.0
"""What the server says, and where."""
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import urllib.request

from harness import LINE, Client, busy_port, expect, expect_equal, midge_only, until

LOCAL = ("-a", "127.0.0.1", "-p", "-1")
STAMP = re.compile(r"^\[\d+\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[INF\] ")


def case_the_banner_comes_in_order(world):
    """The lines that tools wait for come in nats-server's order."""
    server = world.start_with("""
        listen: "127.0.0.1:-1"
        server_name: foo
        http: "127.0.0.1:-1"
        max_payload: 9MB
        websocket { listen: "127.0.0.1:-1", no_tls: true }
        leafnodes { listen: "127.0.0.1:-1" }
        cluster { name: C1, listen: "127.0.0.1:-1" }
        authorization { user: a, password: b }
        proxy_protocol: true
    """)
    server.wait_line("Listening for route connections")
    text, at = server.text(), 0
    for part in ("Starting nats-server\n", "  Version:  2.15.2\n", "  Git:      [", "  Cluster:  C1\n", "  Name:     foo\n",
                 "  ID:       N", "[WRN] Plaintext passwords detected, use nkeys or bcrypt\n",
                 "Using configuration file: ", "[WRN] Maximum payloads over 8.00 MB are generally discouraged",
                 "Starting http monitor on 127.0.0.1:", "Listening for websocket clients on ws://127.0.0.1:",
                 "Listening for leafnode connections on 127.0.0.1:", "Listening for client connections on 127.0.0.1:",
                 "PROXY protocol enabled for client connections\n", "Server is ready\n", "Cluster name is C1\n",
                 "Listening for route connections on 127.0.0.1:"):
        found = text.find(part, at)
        expect(found >= 0, f"{part!r} is missing, or too early, in\n{text}")
        at = found + len(part)


def case_each_line_tells_process_and_time(world):
    """Every line on stderr has process id, time with microseconds and level."""
    server = world.start(*LOCAL)
    expect_equal(server.stop(), 0)
    for line in server.text().splitlines():
        expect(STAMP.match(line), line)
        expect_equal(LINE.match(line)[1], str(server.pid))


@midge_only                                 # Go reads zones from files only
def case_time_may_be_in_utc(world):
    """--logtime_utc does not follow the zone of the machine."""
    hours = []
    for flags in ((), ("--logtime_utc",)):
        server = world.start(*LOCAL, *flags, env={**os.environ, "TZ": "XYZ-07:00"})
        hours.append(int(re.search(r"\d{4}/\d\d/\d\d (\d\d):", server.text())[1]))
        server.kill()
    expect((hours[0] - hours[1]) % 24 in (7, 6), hours)


def case_levels_are_coloured_on_a_terminal(world):
    """On a terminal the level is coloured."""
    master, slave = pty.openpty()
    process = subprocess.Popen([world.binary, *LOCAL], stdout=slave, stderr=slave, cwd=world.folder)
    os.close(slave)
    text = b""
    try:
        while b"Server is ready" not in text:
            text += os.read(master, 65536)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    expect(b"[\x1b[32mINF\x1b[0m] Starting nats-server" in text, text)


def case_a_log_file_takes_it_all(world):
    """With a log file nothing goes to stderr; the file is not for everybody."""
    server = world.start(*LOCAL, "-l", world.path("n.log"), ready=False)
    until(lambda: os.path.exists(world.path("n.log")) and "Server is ready" in world.read("n.log"), "the log file")
    expect_equal(server.stop(), 0)
    expect_equal(server.text(), "")
    expect("Starting nats-server" in world.read("n.log"))
    expect_equal(os.stat(world.path("n.log")).st_mode & 0o137, 0)


def case_a_log_file_that_cannot_be_opened_is_fatal(world):
    """The server does not start without its log."""
    code, _, err = world.run(*LOCAL, "-l", "/nonexistent/n.log")
    expect_equal(code, 1)
    expect("error opening file: open /nonexistent/n.log: no such file or directory" in err, err)


def case_the_log_file_is_opened_again_on_usr1(world):
    """SIGUSR1 after a move: new lines go to a new file."""
    server = world.start(*LOCAL, "-l", world.path("n.log"), ready=False)
    until(lambda: os.path.exists(world.path("n.log")) and "Server is ready" in world.read("n.log"), "the log file")
    os.rename(world.path("n.log"), world.path("moved"))
    server.signal(signal.SIGUSR1)
    until(lambda: os.path.exists(world.path("n.log")) and "File log re-opened" in world.read("n.log"), "a new file")
    expect("Server is ready" not in world.read("n.log"))
    expect('Trapped "user defined signal 1" signal' in world.read("moved"))


def case_there_is_no_file_to_open_again_on_stderr(world):
    """SIGUSR1 without a log file is harmless."""
    server = world.start(*LOCAL)
    server.signal(signal.SIGUSR1)
    server.wait_line("[INF] File log re-open ignored, not a file logger")
    server.client().ping()


def case_a_log_file_is_rotated_by_size(world):
    """A file over its limit is moved aside; so many files are kept."""
    server = world.start_with('listen: "127.0.0.1:-1"\nlog_file: "n.log"\nlog_size_limit: 1500\nlog_max_num: 3\n',
                              ready=False)
    until(lambda: os.path.exists(world.path("n.log")) and "Server is ready" in world.read("n.log"), "the log file")
    backups = lambda: [n for n in os.listdir(world.folder) if re.fullmatch(r"n\.log\.\d{4}(\.\d\d){5}\.\d{9}", n)]
    seen = set()
    while len(seen) < 5:
        server.signal(signal.SIGHUP)
        seen.update(backups())
        expect(server.process.poll() is None, "the server ended")
    until(lambda: len(backups()) <= 2, "the oldest files to go")


def case_a_port_in_use_is_fatal(world):
    """A port that is taken is told in words that tools know, and the exit code is 1."""
    taken, port = busy_port()
    with taken:
        code, _, err = world.run("-a", "127.0.0.1", "-p", str(port))
        expect_equal(code, 1)
        expect(f'[FTL] Error listening on port: 127.0.0.1:{port}, "listen tcp 127.0.0.1:{port}: bind: address already '
               'in use"' in err, err)
        expect("Shutdown" not in err and "Exiting" not in err, err)
        code, _, err = world.run(*LOCAL, "-m", str(port))
        expect_equal(code, 1)
        expect(f"[FTL] Can't start monitoring: can't listen to the monitor port: listen tcp 127.0.0.1:{port}: bind: "
               "address already in use" in err, err)


def case_a_refused_login_is_told_with_its_name(world):
    """Who was turned away stands in the log, secrets do not."""
    server = world.start_with('listen: "127.0.0.1:-1"\nauthorization { user: a, password: b }\n')
    for said, told in (('"user":"eve","pass":"canary"', ' - authentication error - User "eve"'),
                       ('"user":"x\\n[1] [INF] forged"', ' - authentication error - User "x\\n[1] [INF] forged"'),
                       ('"nkey":"UX","sig":"canary"', ' - authentication error - Nkey "UX"'),
                       ('"auth_token":"canary"', ' - authentication error - Token "[REDACTED]"')):
        client = Client(server.port(), connect=False)
        client.wait_for("INFO")
        client.send("CONNECT {%s}\r\n" % said)
        client.is_ended()
        server.wait_line(told)
    expect("canary" not in server.text(), server.text())
    expect("\n[1] [INF] forged" not in server.text(), server.text())


def case_lines_about_a_connection_tell_who_it_is(world):
    """Address, id, library and user begin each line about a connection."""
    server = world.start_with('listen: "127.0.0.1:-1"\ndebug: true\ntrace: true\n'
                              'authorization { users: [ { user: a, password: b, permissions { publish: x } } ] }\n')
    client = Client(server.port(), connect=False)
    client.wait_for("INFO")
    client.send('CONNECT {"user":"a","pass":"b","verbose":false,"name":"n\\nm","lang":"py","version":"1"}\r\n'
                "PUB y 0\r\n\r\nPUB x 3\r\na\r\n\r\nPING\r\n")
    client.wait_for("PONG")
    client.close()
    port, who = client.name[1], '"v1:py:n\\nm" - "$G/user:a"'
    for text in ('->> [-ERR Permissions Violation for Publish to "y"]', 'Publish Violation - Subject "y"',
                 '<<- MSG_PAYLOAD: ["a\\r\\n"]', "Client connection closed: Client Closed"):
        server.wait_line(f"] 127.0.0.1:{port} - cid:{client.cid} - {who} - {text}\n")


def case_a_reset_is_no_orderly_end(world):
    """A connection that was reset has ended by a read error."""
    server = world.start(*LOCAL, "-D")
    client = server.client()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.wait_line(f"cid:{client.cid} - Client connection closed: Read Error")


def case_syslog_gets_the_text_alone(world):
    """A remote syslog gets priority, time, host, tag and text."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(20)
        url = f"udp://127.0.0.1:{listener.getsockname()[1]}"
        world.start(*LOCAL, "-r", url, "-s", name="nats-server", ready=False)
        line = listener.recv(4096).decode()
        expect(re.fullmatch(r"<5>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d) \S* nats-server\[\d+\]: "
                            r"Starting nats-server\n", line), line)


@midge_only                                 # nats-server shows the jwt
def case_no_secret_reaches_the_log(world):
    """With every trace on, nothing of what clients and the configuration keep secret is written (advisories 2020-01, 2026-14)."""
    text = """
        listen: "127.0.0.1:-1"
        http: "127.0.0.1:-1"
        websocket { listen: "127.0.0.1:-1", no_tls: true }
        authorization { users: [ { user: a, password: "canary2" }, { user: b, password: "%s" } ] }
    """
    server = world.start_with(text % "canary3", "-DVV")
    for options in ({"user": "a", "pass": "canary2"}, {"user": "a", "pass": "canary4"}, {"auth_token": "canary5"},
                    {"jwt": "canary6", "sig": "canary7", "nkey": "x"}, {"user": "a", "pass": "canary2", "tls_key": "x"}):
        client = Client(server.port(), connect=False)
        client.wait_for("INFO")
        client.send("CONNECT " + json.dumps({"verbose": False, **options}) + "\r\nPING\r\n")
        client.line()
        client.close()
    world.write("server.conf", text % "canary8")
    server.signal(signal.SIGHUP)
    server.wait_line("Reloaded server configuration")
    world.write("server.conf", text % 'canary9", x: "')
    server.signal(signal.SIGHUP)
    server.wait_line("Failed to reload server configuration")
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port('monitor')}/connz?auth=1&state=any&subs=detail") as answer:
        expect(b"canary" not in answer.read(), "a secret in /connz")
    expect_equal(server.stop(), 0)
    expect("[TRC]" in server.text() and "[REDACTED]" in server.text(), "no trace at all")
    expect("canary" not in server.text(), server.text())
