# SPDX-License-Identifier: Apache-2.0
"""Monitoring of what only a process has: its threads, and certificates that lie in files."""
import json
import os
import subprocess
import urllib.request

from harness import Client, expect, expect_equal, make_certificate, midge_only, until
from streams import StreamClient

CONFIG = """
listen: "127.0.0.1:-1"
http: "127.0.0.1:-1"
jetstream { store_dir: "%s" }
authorization { users: [ { user: a, password: "%s" }, { user: b, password: b } ] }
no_auth_user: b
midge { reactors: 2 }
"""
HASHED = "$2a$04$PlIGUdeOGqqsMAKlxdVdVO6CIl5YcT5GSqVMDxUlHYyP0aJXTlbGe"
WANTED = ("main", "signals", "monitor", "reactor 0", "reactor 1", "disk commit 1", "disk 1", "worker 1")


def names_of(pid):
    """The names of the process's threads, as the machine has them; the first thread's is the program's."""
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as file:
                found.append(file.read().strip())
        except FileNotFoundError:           # it has just ended
            pass
    return sorted(found)


def page_of(server, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port('monitor')}{path}", timeout=20) as page:
        return page.read().decode()


def lines_of(server):
    return dict(line.split(": ") for line in page_of(server, "/stacksz").splitlines())


@midge_only
def case_stacksz_has_a_line_for_each_thread(world):
    """/stacksz names the threads that the machine knows, no more and no fewer, and tells what each does."""
    server = world.start_with(CONFIG % (world.path("store"), HASHED))
    client = StreamClient(server.port())
    client.create_stream("S", subjects=["s"])
    client.request("s", "kept")
    hashed = Client(server.port(), connect=False)
    hashed.send('CONNECT {"user":"a","pass":"wrong","verbose":false}\r\nPING\r\n')
    until(lambda: hashed.line() in (None, "-ERR 'Authorization Violation'"), "the refusal")
    # a thread that begins or ends just now may be on one side only
    until(lambda: sorted(lines_of(server)) == names_of(server.pid), "the same threads on both sides")
    lines = lines_of(server)
    with open(f"/proc/{server.pid}/comm", encoding="utf-8") as file:
        main = file.read().strip()
    for name in WANTED:
        expect(lines.get(main if name == "main" else name), name, lines)
    expect_equal(lines[main], "waiting for the end of the server")
    expect_equal(lines["signals"], "waiting for signals")
    expect_equal(lines["monitor"], "answering a request")
    for name in ("disk commit 1", "worker 1"):
        until(lambda name=name: lines_of(server)[name] == "waiting for work", f"rest of {name}")
    expect_equal(server.stop(), 0)


def case_varz_tells_when_each_certificate_ends(world):
    """Each block of /varz that has a certificate shows the end of it."""
    make_certificate(world, "rsa:2048")
    tls = 'tls { cert_file: "cert.pem", key_file: "key.pem" }'
    both = 'tls { cert_file: "cert.pem", key_file: "key.pem", ca_file: "cert.pem" }'
    server = world.start_with(f"""
        listen: "127.0.0.1:-1"
        http: "127.0.0.1:-1"
        server_name: s
        accounts {{ SYS {{ users: [ {{ user: s, password: s }} ] }} }}
        system_account: SYS
        {tls}
        cluster {{ name: c, listen: "127.0.0.1:-1", {both} }}
        gateway {{ name: c, listen: "127.0.0.1:-1", {both} }}
        leafnodes {{ listen: "127.0.0.1:-1", {tls} }}
        websocket {{ listen: "127.0.0.1:-1", {tls} }}
        mqtt {{ listen: "127.0.0.1:-1", {tls} }}
    """)
    said = subprocess.run(["openssl", "x509", "-in", "cert.pem", "-noout", "-enddate", "-dateopt", "iso_8601"],
                          cwd=world.folder, capture_output=True, text=True, check=True).stdout
    end = said.strip().split("=")[1].replace(" ", "T")
    varz = json.loads(page_of(server, "/varz"))
    expect_equal(varz.get("tls_cert_not_after"), end)
    for block in ("cluster", "gateway", "leaf", "websocket", "mqtt"):
        expect_equal((block, varz[block].get("tls_cert_not_after")), (block, end))
