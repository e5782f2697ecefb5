# SPDX-License-Identifier: Apache-2.0
"""What crowds, hoarders and pauses may not do: take the server's memory, its descriptors, its threads or its order."""
import concurrent.futures
import errno
import json
import os
import random
import resource
import signal
import socket
import ssl
import subprocess
import threading
import urllib.request

from harness import Client, LeftOut, expect, expect_equal, make_certificate, midge_only, until
from machine import BPF_JEQ, BPF_LD, BPF_RET, ALLOW, LOAD_NUMBER, REFUSE, jump, install

LOCAL = ("-a", "127.0.0.1", "-p", "-1")
MIB = 1024 * 1024
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
CROWD = 600
RESET = b"\x01\0\0\0\0\0\0\0"       # struct linger: on, no time


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def peak_memory(server):
    """The largest resident set so far, in bytes."""
    with open(f"/proc/{server.pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def dial(port, first):
    """A connection whose first bytes are sent at once, whatever the server thinks of them."""
    sock = socket.create_connection(("127.0.0.1", port), 20)
    sock.setblocking(False)
    try:
        sock.send(first)
    except (BlockingIOError, ConnectionError):
        pass
    return sock


def is_cut(sock):
    """The server has ended it; what it said before is read away."""
    try:
        while sock.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def hear(sock, end):
    """Reads until the stream says `end`."""
    said = b""
    while not said.endswith(end):
        block = sock.recv(65536)
        expect(block, f"the stream ended with {said!r}")
        said += block


# --- memory (P7, X13) ---

# A sanitizer keeps freed memory for a while, and remembers where each piece came from.
FRUGAL = {"ASAN_OPTIONS": "quarantine_size_mb=1:malloc_context_size=0:detect_leaks=1"}


def send_or_be_cut(client, text):
    """False when the server ended the connection."""
    try:
        client.send(text)
        return True
    except ConnectionError:
        return False


def is_served(server):
    """A newcomer gets his own message; where memory is short he may be cut."""
    try:
        client = server.client()
        client.send("SUB served 1\r\nPUB served 2\r\nhi\r\n")
        client.wait_for("MSG served 1 2")
        client.close()
        return True
    except (AssertionError, OSError, TypeError):
        return False


@midge_only
def case_hoarders_meet_the_limit_of_memory(world):
    """With a memory limit, those who make the server hold much are cut; it stays small, and serves others then and later."""
    limit = 24 * MIB
    server = world.start_with(f"""
        listen: "127.0.0.1:-1"
        max_payload: 8MB
        write_deadline: "60s"
        midge {{ memory_limit: {limit}, reactors: 1 }}
    """, env={**os.environ, **FRUGAL})
    before, crowd = peak_memory(server), []
    for _ in range(30):                     # 210 MB of messages that never end
        crowd.append(server.client())
        send_or_be_cut(crowd[-1], "PUB x 8000000\r\n" + "x" * 7000000)
        until(lambda: is_served(server), "somebody to be served")
    for _ in range(10):
        sleeper = server.client()
        sleeper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if send_or_be_cut(sleeper, "SUB much 1\r\n"):
            crowd.append(sleeper)
    for _ in range(60):                     # 60 MB for each of the sleepers
        crowd.append(server.client())
        send_or_be_cut(crowd[-1], "PUB much 1000000\r\n" + "x" * 1000000 + "\r\n")
        until(lambda: is_served(server), "somebody to be served")
    expect(server.has("out of memory for its input or output"), server.text())
    grown = peak_memory(server) - before
    expect(grown < 100 * MIB, f"{grown} bytes more, with a limit of {limit}; 270 MB were sent")
    for client in crowd:
        client.close()
    until(lambda: descriptors(server) < 20, "the crowd to be forgotten")
    late = server.client()
    late.send("SUB large 1\r\nPUB large 7000000\r\n" + "y" * 7000000 + "\r\n")
    late.wait_for("MSG large 1 7000000")
    expect_equal(server.stop(), 0)


def hear_messages(sock, count):
    """Reads until so many MSG lines have come."""
    seen, tail = 0, b""
    while seen < count:
        block = sock.recv(1 << 20)
        expect(block, "the stream ended amid the messages")
        seen += (tail + block).count(b"MSG many ")
        tail = block[-8:]
    expect_equal(seen, count)


def case_a_sleeper_among_many_subscribers_costs_them_nothing(world):
    """A message to 100 000 subscriptions reaches each of them, though one client among five never reads and is cut."""
    each, rounds = 20000, 5
    server = world.start_with('listen: "127.0.0.1:-1"\nmax_pending: 16MB\n')
    clients = [server.client() for _ in range(5)]
    sleeper, readers = clients[0], clients[1:]
    sleeper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for client in clients:
        client.send("".join(f"SUB many {sid}\r\n" for sid in range(each)))
        client.ping()
    sender = server.client()
    with concurrent.futures.ThreadPoolExecutor(len(readers)) as pool:
        for _ in range(rounds):             # 10 MB for each client
            heard = [pool.submit(hear_messages, reader.socket, each) for reader in readers]
            sender.send("PUB many 500\r\n" + "x" * 500 + "\r\n")
            for reader in heard:
                reader.result(120)
    server.wait_line("Slow Consumer Detected")
    sender.ping()
    expect_equal(server.stop(), 0)          # giving up 100 000 subscriptions must not outlast the patience of a stop


# --- strangers (X1) ---

HALVES = {
    "client": b'CONNECT {"verbose":false,"name":"' + b"x" * 3900,
    "websocket": b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 3900,
    "monitor": b"GET /varz HTTP/1.1\r\nX: " + b"x" * 3900,
}


def case_a_crowd_that_never_ends_its_first_line_is_cut(world):
    """Half a CONNECT, an upgrade, a monitoring request: all are cut in time, and nothing of them is left."""
    server = world.start_with("""
        listen: "127.0.0.1:-1"
        http: "127.0.0.1:-1"
        authorization { user: a, password: b, timeout: 2 }
        websocket { listen: "127.0.0.1:-1", no_tls: true, handshake_timeout: "2s" }
    """)
    friend = Client(server.port(), connect=False)
    friend.send('CONNECT {"user":"a","pass":"b","verbose":false}\r\nPING\r\n')
    friend.wait_for("PONG")
    before = descriptors(server)
    crowd = [dial(server.port(kind), half) for kind, half in HALVES.items()
             for _ in range(CROWD if kind == "client" else CROWD // 10)]
    friend.ping()
    for sock in crowd:
        until(lambda: is_cut(sock), "the end of a stranger", 60)
        sock.close()
    friend.ping()
    until(lambda: descriptors(server) <= before, "all descriptors to be given back")
    expect_equal(server.stop(), 0)


def case_each_connection_has_a_nonce_of_its_own(world):
    """A signature that was heard once is of no use: no two connections are given the same nonce."""
    server = world.start_with("""
        listen: "127.0.0.1:-1"
        authorization { users: [ { nkey: "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4" } ] }
    """)
    nonces = set()
    for _ in range(200):
        client = Client(server.port(), connect=False)
        nonces.add(json.loads(client.line()[len("INFO "):])["nonce"])
        client.close()
    expect_equal(len(nonces), 200)
    expect(all(len(nonce) >= 11 for nonce in nonces), nonces)


def case_a_crowd_of_half_handshakes_is_cut(world):
    """Half a ClientHello and half a PROXY header are cut in time; a whole handshake beside them succeeds."""
    make_certificate(world, "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    server = world.start_with("""
        listen: "127.0.0.1:-1"
        tls { cert_file: "cert.pem", key_file: "key.pem", timeout: 2 }
    """)
    proxied = world.start("-c", world.write("proxy.conf", 'listen: "127.0.0.1:-1"\nproxy_protocol: true\n'))
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100
    crowd = [dial(server.port(), hello) for _ in range(CROWD)]
    crowd += [dial(proxied.port(), half) for half in (b"PROXY TCP4 192.", b"\r\n\r\n\0\r\nQUIT\n\x21\x11") for _ in range(50)]
    context = ssl._create_unverified_context()      # the certificate is its own
    raw = socket.create_connection(("127.0.0.1", server.port()), 60)
    while not raw.recv(1).endswith(b"\n"):
        pass
    with context.wrap_socket(raw) as secure:
        secure.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
        hear(secure, b"PONG\r\n")
        for sock in crowd:
            until(lambda: is_cut(sock), "the end of a stranger", 60)
            sock.close()
        secure.sendall(b"PING\r\n")
        hear(secure, b"PONG\r\n")
    expect_equal((server.stop(), proxied.stop()), (0, 0))


def dial_from(host, port):
    """A connection from 127.0.0.`host`."""
    sock = socket.create_connection(("127.0.0.1", port), 20, source_address=(f"127.0.0.{host}", 0))
    sock.setblocking(False)
    return sock


def log_in_from(host, port):
    """A client from 127.0.0.`host` that is in."""
    client = Client(port, connect=False, source=(f"127.0.0.{host}", 0))
    client.send('CONNECT {"user":"a","pass":"b","verbose":false}\r\nPING\r\n')
    client.wait_for("PONG")
    return client


@midge_only
def case_strangers_of_one_address_are_turned_away_and_others_get_in(world):
    """One address may have so many connections that have not logged in: its next ones are closed, nobody else is held up."""
    most, crowd_size, reactors = 20, 100, 2
    server = world.start_with(f"""
        listen: "127.0.0.1:-1"
        http: "127.0.0.1:-1"
        authorization {{ user: a, password: b, timeout: 60 }}
        midge {{ max_unauthenticated_per_address: {most}, reactors: {reactors} }}
    """)
    port = server.port()
    friend = log_in_from(2, port)
    crowd = [dial_from(2, port) for _ in range(crowd_size)]
    until(lambda: sum(is_cut(sock) for sock in crowd) == crowd_size - most, "all but the first to be cut")
    friend.ping()
    late = Client(port, connect=False, source=("127.0.0.2", 0))
    expect_equal(late.line(), None)
    log_in_from(3, port).ping()
    server.wait_line("too many connections of 127.0.0.2 have not logged in")
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port('monitor')}/varz", timeout=20) as page:
        expect_equal(json.load(page)["midge"]["turned_away"], crowd_size - most + 1)
    for sock in crowd:
        sock.close()

    def gets_in():
        try:
            return log_in_from(2, port)
        except (AssertionError, OSError):
            return None
    until(gets_in, "room at this address").ping()
    expect_equal(server.stop(), 0)


def case_a_flood_that_comes_and_goes_leaves_nothing(world):
    """Thousands of connections, dropped by a reset amid anything they were saying: all descriptors come back."""
    server = world.start_with("""
        listen: "127.0.0.1:-1"
        websocket { listen: "127.0.0.1:-1", no_tls: true }
    """)
    client, rng = server.client(), random.Random(5)
    client.send("SUB > 1\r\n")
    client.ping()
    before = descriptors(server)
    talk = b'CONNECT {"verbose":false}\r\nSUB a.* q 1\r\nPUB a.b 5\r\nhello\r\nUNSUB 1 9\r\nPING\r\n'
    for i in range(3000):
        sock = dial(server.port("websocket" if i % 8 == 0 else "client"), talk[: rng.randrange(len(talk))])
        if i % 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.close()
    until(lambda: descriptors(server) <= before, "all descriptors to be given back", 60)
    client.ping()
    expect_equal(server.stop(), 0)


# --- descriptors and threads (P8) ---

def case_without_descriptors_all_but_newcomers_goes_on(world):
    """With no descriptor left a reload is refused with its reason or done, clients go on, and later the monitor answers."""
    config = 'listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\nmax_payload: %d\n'
    server = world.start_with(config % 1024, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    client = server.client()
    crowd = [dial(server.port(), b"") for _ in range(100)]
    until(lambda: descriptors(server) >= 63, "the last descriptor to be taken")
    asker = dial(server.port("monitor"), b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    world.write("server.conf", config % 2048)
    server.signal(signal.SIGHUP)
    until(lambda: server.has("Reloaded server configuration") or server.has("Failed to reload server configuration"),
          "an answer to the reload")
    client.ping()
    for sock in crowd:
        sock.close()
    asker.setblocking(True)
    asker.settimeout(60)
    expect(asker.recv(65536).startswith(b"HTTP/1.1 200"), "the monitor does not answer")
    world.write("server.conf", config % 4096)
    server.signal(signal.SIGHUP)
    until(lambda: server.client().info["max_payload"] == 4096, "the reload")
    expect_equal(server.stop(), 0)


@midge_only
def case_too_few_descriptors_are_told_at_the_start(world):
    """With any limit of descriptors the server starts and serves, or says what is missing and leaves with 1."""
    config = world.write("few.conf", 'listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\n')
    verdicts = []
    for count in range(8, 48, 3):
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
        server = world.start("-c", config, ready=False, preexec_fn=limit)
        until(lambda: server.process.poll() is not None or server.has("Server is ready"), "the start or its refusal")
        if server.process.poll() is None:
            server.client().ping()
            expect_equal(server.stop(), 0)
        else:
            expect_equal(server.wait(), 1)
            expect("file descriptors are too few" in server.text(), server.text())
        verdicts.append(server.process.returncode)
    expect_equal(sorted(verdicts, reverse=True), verdicts)
    expect_equal((verdicts[0], verdicts[-1]), (1, 0))


def forbid_threads():
    """In the child: no thread can be started from now on."""
    clone = CLONE[os.uname().machine]
    install([jump(BPF_LD, LOAD_NUMBER, 0, 0), jump(BPF_JEQ, clone, 1, 0), jump(BPF_JEQ, CLONE3, 0, 1),
             jump(BPF_RET, REFUSE | errno.EAGAIN, 0, 0), jump(BPF_RET, ALLOW, 0, 0)])


@midge_only
def case_without_threads_the_server_says_so_and_leaves(world):
    """Where no thread can be had, the start fails with 1 and a reason."""
    if os.uname().machine not in CLONE:
        raise LeftOut("no filter for this processor")
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}      # the leak check is a thread, too
    server = world.start(*LOCAL, preexec_fn=forbid_threads, ready=False, env=env)
    code = server.wait()
    if code == 77:
        raise LeftOut("this machine allows no filter")
    expect_equal(code, 1)
    expect("no thread for a reactor" in server.text(), server.text())


# --- pauses and stops under load (P5, P6) ---

class Load:
    """A sender of numbered messages and their readers."""

    def __init__(self, server, readers):
        self.sender = server.client()
        self.readers = [server.client() for _ in range(readers)]
        for reader in self.readers:
            reader.send("SUB n 1\r\n")
            reader.ping()
        self.sent, self.is_over, self.complaints = 0, False, []
        self.heard = [0] * readers
        self.threads = [threading.Thread(target=self.read, args=(i,), daemon=True) for i in range(readers)]
        self.threads.append(threading.Thread(target=self.send, daemon=True))
        for thread in self.threads:
            thread.start()

    def send(self):
        try:
            while not self.is_over:
                first, self.sent = self.sent, self.sent + 50
                self.sender.send("".join(f"PUB n 8\r\n{i:08}\r\n" for i in range(first, first + 50)))
                self.sender.ping()
        except (OSError, AssertionError):       # the server stopped
            pass

    def read(self, i):
        reader = self.readers[i]
        while (line := reader.line()) is not None:
            if line == "PING":
                reader.send("PONG\r\n")
            if not line.startswith("MSG "):
                continue
            number = reader.line()
            if number is not None and number != f"{self.heard[i]:08}":
                self.complaints.append(f"reader {i}: {number} where {self.heard[i]} was due")
                return
            self.heard[i] += number is not None

    def progress(self):
        """True once every reader has heard more than all that was sent when this was called."""
        goal = self.sent + 50
        return lambda: self.complaints or min(self.heard) >= goal

    def join(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(60)
            expect(not thread.is_alive(), "a client that did not end")
        expect_equal(self.complaints, [])


def case_pauses_under_load_lose_nothing(world):
    """SIGSTOP again and again, once longer than a stale connection may live: no message is lost, none out of order."""
    server = world.start_with('listen: "127.0.0.1:-1"\nping_interval: "1s"\nping_max: 3\nwrite_deadline: "2s"\n')
    load = Load(server, 3)
    for seconds in (0.3, 0.01, 5, 0.1, 1.5):
        until(load.progress(), "messages to flow")
        server.signal(signal.SIGSTOP)
        try:
            server.process.wait(seconds)        # the pause is the point of this case
        except subprocess.TimeoutExpired:
            pass
        server.signal(signal.SIGCONT)
    until(load.progress(), "messages to flow after the last pause")
    load.is_over = True
    load.threads[-1].join(60)
    until(lambda: load.complaints or set(load.heard) == {load.sent}, f"all {load.sent} messages")
    expect_equal(server.stop(), 0)
    load.join()


def case_a_stop_under_load_is_in_order(world):
    """SIGTERM, SIGINT and a lame duck amid messages, handshakes and half lines: exit 0, and nothing out of order before."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2):
        server = world.start_with("""
            listen: "127.0.0.1:-1"
            websocket { listen: "127.0.0.1:-1", no_tls: true }
            lame_duck_duration: "30s"
            lame_duck_grace_period: "100ms"
        """)
        load = Load(server, 3)
        crowd = [dial(server.port(kind), HALVES[kind]) for kind in ("client", "websocket") for _ in range(3)]
        until(load.progress(), "messages to flow")
        server.signal(number)
        expect_equal(server.wait(60), 0)
        load.join()
        for sock in crowd:
            sock.close()


# --- the monitor (X1, X14) ---

@midge_only
def case_readers_that_sleep_do_not_keep_the_monitor_from_answering(world):
    """Askers that never read their large answers hold up nobody, and a body that is too large is refused."""
    server = world.start_with('listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\n')
    many = server.client()
    many.send("".join(f"SUB {'x' * 100}.{i} {i}\r\n" for i in range(5000)))
    many.ping()
    port = server.port("monitor")
    ask = b"GET /subsz?subs=1&limit=100000 HTTP/1.1\r\nHost: h\r\n\r\n"
    sleepers = [dial(port, ask) for _ in range(40)]
    url = f"http://127.0.0.1:{port}/healthz"
    with urllib.request.urlopen(url, timeout=60) as answer:
        expect_equal(answer.status, 200)
    huge = dial(port, b"POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n")
    huge.setblocking(True)
    huge.settimeout(60)
    said = huge.recv(65536)
    expect(said == b"" or said.startswith(b"HTTP/1.1 4"), said)
    many.ping()
    for sock in sleepers:
        sock.close()
    with urllib.request.urlopen(url, timeout=60) as answer:
        expect_equal(answer.status, 200)
    expect_equal(server.stop(), 0)


@midge_only
def case_askers_that_stay_for_ever_are_cut(world):
    """Who has an answer and asks no more, and who never reads a large one, is cut after a minute."""
    server = world.start_with('listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\nmax_subscriptions: 0\n')
    many = server.client()
    many.send("".join(f"SUB {'x' * 200}.{i} {i}\r\n" for i in range(40000)))
    many.ping()
    before, port = descriptors(server), server.port("monitor")
    idle = dial(port, b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
    sleeper = socket.socket()
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sleeper.connect(("127.0.0.1", port))
    sleeper.sendall(b"GET /subsz?subs=1&limit=100000 HTTP/1.1\r\nHost: h\r\n\r\n")
    until(lambda: descriptors(server) == before + 2, "both to be there")
    until(lambda: descriptors(server) == before, "both to be cut", 120)
    idle.close()
    sleeper.close()
    many.ping()
    expect_equal(server.stop(), 0)
