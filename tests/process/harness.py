# SPDX-License-Identifier: Apache-2.0
"""What the cases share: a server process in a folder of its own, and the simplest client there is."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE_S = 20.0
LINE = re.compile(r"^\[(\d+)\] (?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} )?\[(INF|DBG|WRN|ERR|FTL|TRC)\] (.*)$")


class LeftOut(Exception):
    """This machine does not allow the case."""


def expect(claim, *details):
    if not claim:
        raise AssertionError(" ".join(str(d) for d in details) or "not so")


def expect_equal(got, wanted):
    expect(got == wanted, f"got {got!r}, wanted {wanted!r}")


def midge_only(function):
    """Marks a case about which nats-server thinks otherwise."""
    function.midge_only = True
    return function


def until(condition, what, patience=PATIENCE_S):
    """Polls until the condition holds; returns its value."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < deadline, f"waited in vain for {what}")
        time.sleep(0.01)


class World:
    """One case: a folder, the binary, and every process that it started."""

    def __init__(self, binary, is_midge):
        self.binary, self.is_midge = binary, is_midge
        self.folder = tempfile.mkdtemp(prefix="midge-process-")
        self.started = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def run(self, *flags, timeout=PATIENCE_S, **more):
        """Runs to the end: (exit code, stdout, stderr)."""
        done = subprocess.run([self.binary, *flags], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout, check=False, **more)
        return done.returncode, done.stdout, done.stderr

    def start(self, *flags, ready=True, **more):
        server = Server(self, flags, **more)
        self.started.append(server)
        if ready:
            server.wait_line("Server is ready")
        return server

    def start_with(self, config, *flags, **more):
        return self.start("-c", self.write("server.conf", config), *flags, **more)

    def close(self):
        for server in self.started:
            server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    def __init__(self, world, flags, wrapper=(), name=None, **more):
        words = [*wrapper, name or world.binary, *flags]
        if name is not None:
            more["executable"] = world.binary
        self.process = subprocess.Popen(words, cwd=world.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, **more)
        self.raw = b""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            block = os.read(self.process.stderr.fileno(), 65536)
            if not block:
                return
            self.raw += block

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        return self.raw.decode(errors="replace")

    def messages(self):
        """The texts of the log lines, without process id, time and level."""
        found = [LINE.match(line) for line in self.text().splitlines()]
        return [m[3] for m in found if m]

    def has(self, part):
        return part in self.text()

    def wait_line(self, part, patience=PATIENCE_S):
        def seen():
            expect(self.process.poll() is None or part in self.text() or self.reader.is_alive(),
                   f"the server ended without {part!r}:\n{self.text()}")
            return part in self.text()
        try:
            until(seen, repr(part), patience)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None

    def count(self, part):
        return self.text().count(part)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=PATIENCE_S):
        code = self.process.wait(patience)
        self.reader.join(patience)
        return code

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(PATIENCE_S)
        self.process.stderr.close()

    def port(self, kind="client"):
        patterns = {"client": r"Listening for client connections on \S*:(\d+)",
                    "websocket": r"Listening for websocket clients on \S*:(\d+)",
                    "leafnode": r"Listening for leafnode connections on \S*:(\d+)",
                    "route": r"Listening for route connections on \S*:(\d+)",
                    "monitor": r"Starting https? monitor on \S*:(\d+)"}
        return int(until(lambda: re.search(patterns[kind], self.text()), f"the {kind} port")[1])

    def client(self, kind="client"):
        return Client(self.port(kind))


class Client:
    """Speaks the protocol by hand."""

    def __init__(self, port, connect=True, source=None):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S, source_address=source)
        self.name = self.socket.getsockname()
        self.rest = b""
        self.info = None
        if connect:
            self.info = json.loads(self.line()[len("INFO "):])
            self.send('CONNECT {"verbose":false,"protocol":1}\r\nPING\r\n')
            self.wait_for("PONG")

    def send(self, text):
        self.socket.sendall(text.encode())

    def line(self):
        """The next line, or None at the end of the stream."""
        while b"\r\n" not in self.rest:
            try:
                block = self.socket.recv(65536)
            except ConnectionError:
                block = b""
            if not block:
                return None
            self.rest += block
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line.decode()

    def wait_for(self, start):
        while True:
            line = self.line()
            expect(line is not None, f"the stream ended before {start!r}")
            if line.startswith("INFO ") and self.info is None:
                self.info = json.loads(line[len("INFO "):])
            if line.startswith(start):
                return line

    def ping(self):
        self.send("PING\r\n")
        self.wait_for("PONG")

    def is_ended(self):
        while self.line() is not None:
            pass
        return True

    @property
    def cid(self):
        return self.info["client_id"]

    def close(self):
        self.socket.close()


def busy_port():
    """A listening socket on 127.0.0.1; its port is taken as long as it lives."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken, taken.getsockname()[1]


def make_certificate(world, *kind):
    """cert.pem and key.pem, signed by itself; `kind` is what openssl's -newkey takes."""
    if subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                       "-days", "30", "-subj", "/CN=localhost"], cwd=world.folder, capture_output=True,
                      check=False).returncode != 0:
        raise LeftOut("this machine makes no certificates")
