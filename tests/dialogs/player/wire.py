# SPDX-License-Identifier: Apache-2.0
"""Client connections of a dialog: plain TCP, TLS and WebSocket, read with a deadline."""

import json
import os
import re
import socket
import ssl
import time

import schemas

from . import websocket


class Closed(Exception):
    """The server closed the connection before the awaited bytes came."""


class Late(Exception):
    """The awaited bytes did not come in time."""


class PingFilter:
    """Takes the server's own PINGs out of a NATS stream, at message boundaries only.

    A server may ping whenever a dialog takes long; what else it sends stays byte exact."""

    def __init__(self):
        self.pending, self.payload = bytearray(), 0

    def feed(self, data):
        """Returns (bytes to show, number of PINGs taken out)."""
        self.pending += data
        out, pings = bytearray(), 0
        while self.pending:
            if self.payload:
                size = min(self.payload, len(self.pending))
                out += self.pending[:size]
                self.payload -= size
                del self.pending[:size]
                continue
            end = self.pending.find(b"\n") + 1
            if not end:
                break
            line = bytes(self.pending[:end])
            del self.pending[:end]
            if line == b"PING\r\n":
                pings += 1
                continue
            found = re.match(rb"H?MSG .* (\d+)\r\n$", line)
            self.payload = int(found.group(1)) + 2 if found else 0
            out += line
        return bytes(out), pings

    def rest(self):
        rest = bytes(self.pending)
        self.pending.clear()
        return rest


class Conn:
    """One connection. `kind`: raw (bytes as they are), nats (PINGs answered), ws (frames)."""

    def __init__(self, name, port, patience, kind, rcvbuf=0):
        self.name, self.patience, self.kind = name, patience, kind
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(patience)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server_port = port
        self.local_port = self.sock.getsockname()[1]
        self.data, self.frames, self.wire = bytearray(), [], bytearray()
        self.filter, self.bodies = PingFilter(), schemas.Bodies()
        self.judge, self.complaints = None, []      # what judges a payload, and what it had to say
        self.inflating, self.pings_shown = False, False
        self.eof = False
        self.info = {}

    # -- sending

    def send(self, data):
        if self.kind == "ws":
            data = websocket.encode(2, data)
        self.send_raw(data)

    def send_raw(self, data):
        """What the server refuses to read is no failure here: its answer is what counts."""
        try:
            self.sock.settimeout(self.patience * 3)
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    # -- receiving

    def fill(self, deadline):
        """Reads what is there, or waits for it until `deadline`. False at the deadline."""
        if self.eof:
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        self.sock.settimeout(left)
        try:
            got = self.sock.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except OSError:
            got = b""
        if got:
            self.take_in(got)
        else:
            self.eof = True
            self.data += self.filter.rest()
        return True

    def take_in(self, got):
        if self.kind != "ws":
            self.show(got)
            return
        self.wire += got
        while True:
            frame = websocket.take(self.wire)
            if frame is None:
                return
            self.frames.append(frame)

    def show(self, got):
        if self.kind == "raw" or self.pings_shown:
            self.data += got
            return
        shown, pings = self.filter.feed(got)
        self.data += shown
        if self.judge:
            for body in self.bodies.feed(shown):
                self.complaints += self.judge(body)
        if pings:
            self.send(b"PONG\r\n" * pings)

    def deframe(self):
        """Moves data frames to the byte stream; stops before a control frame."""
        while self.frames and self.frames[0].opcode < 8:
            frame = self.frames.pop(0)
            if frame.opcode:
                self.message, self.inflating = bytearray(), bool(frame.rsv & 4)
            self.message += frame.payload
            if frame.fin:
                data = websocket.inflate(bytes(self.message)) if self.inflating else bytes(self.message)
                self.show(data)

    def await_data(self, ready, deadline):
        """Waits until `ready(bytes so far)`; Closed or Late otherwise."""
        while True:
            if self.kind == "ws":
                self.deframe()
            if ready(self.data):
                return
            if self.frames:
                raise Closed(f"a WebSocket {self.frames[0].head()} frame: {self.frames[0].text()!r}")
            if self.eof:
                raise Closed("the server closed the connection")
            if not self.fill(deadline):
                raise Late("nothing more came in time")

    def read(self, size, deadline=None):
        self.await_data(lambda data: len(data) >= size, deadline or self.deadline())
        return self.cut(size)

    def read_line(self, deadline=None):
        self.await_data(lambda data: b"\n" in data, deadline or self.deadline())
        return self.cut(self.data.index(b"\n") + 1)

    def read_message(self, deadline=None):
        """A line, with the payload that it promises."""
        line = self.read_line(deadline)
        found = re.fullmatch(rb"H?MSG .* (\d+)\r\n", line)
        return line + self.read(int(found.group(1)) + 2, deadline) if found else line

    def read_rest(self, quiet):
        """Everything until the server has been quiet for `quiet` seconds (recording, reports)."""
        try:
            while True:
                size = len(self.data)
                self.await_data(lambda data, size=size: len(data) > size, time.monotonic() + quiet)
        except (Closed, Late):
            pass
        return self.cut(len(self.data) + len(self.filter.pending))

    def read_frame(self, deadline=None):
        deadline = deadline or self.deadline()
        while not self.frames:
            if self.eof:
                raise Closed("the server closed the connection")
            if not self.fill(deadline):
                raise Late("no frame came in time")
        return self.frames.pop(0)

    def cut(self, size):
        taken = bytes(self.data[:size])
        del self.data[:size]
        return taken

    def read_info(self):
        line = self.read_line()
        found = re.fullmatch(rb"INFO (\{.*\}) \r\n", line)
        if not found:
            raise Late(f"INFO expected, got {line!r}")
        self.info = json.loads(found.group(1))

    def deadline(self):
        return time.monotonic() + self.patience

    # -- layers

    def start_tls(self, certs, options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(os.path.join(certs, "ca.pem"))
        if "version" in options:
            version = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
                       "1.3": ssl.TLSVersion.TLSv1_3}[options["version"]]
            context.minimum_version = context.maximum_version = version
        if "cert" in options:
            base = os.path.join(certs, options["cert"])
            context.load_cert_chain(base + ".pem", base + ".key")
        self.sock.settimeout(self.patience)
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost")

    def start_websocket(self, head, key_answer):
        """Sends an upgrade request and checks the 101 answer."""
        kind, self.kind = self.kind, "raw"
        self.send_raw(head)
        self.await_data(lambda data: b"\r\n\r\n" in data, self.deadline())
        answer = self.cut(self.data.index(b"\r\n\r\n") + 4)
        if not answer.startswith(b"HTTP/1.1 101 ") or key_answer not in answer:
            raise Late(f"101 expected, got {answer!r}")
        self.kind = kind
        self.become_websocket()

    def become_websocket(self):
        self.kind = "ws"
        rest = self.cut(len(self.data))
        if rest:
            self.take_in(rest)

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass
