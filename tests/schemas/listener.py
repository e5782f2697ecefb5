# SPDX-License-Identifier: Apache-2.0
"""Listens to JetStream's events of one server while others use it, and holds them to their schemas.

An audit tells each answer of the API word for word, so these are judged, too."""
import socket
import threading

import schemas

PATIENCE_S = 30


class Listener:
    """`close()` returns what was wrong. Without schemas on this machine nothing is."""

    def __init__(self, port):
        self.judge, self.why_not = schemas.find()
        self.complaints, self.judged = [], 0
        if self.judge:
            self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
            self.heard = self.sock.makefile("rb")
            self.ask(b'CONNECT {"verbose":false,"headers":true,"protocol":0}\r\nSUB $JS.EVENT.> 1\r\nPING\r\n')
            self.thread = threading.Thread(target=self.listen, daemon=True)
            self.thread.start()

    def ask(self, commands):
        """Sends and waits for the PONG that ends the answer."""
        self.sock.sendall(commands)
        while (line := self.heard.readline()) != b"PONG\r\n":
            if not line.startswith(b"INFO "):
                raise RuntimeError(f"a listener was told {line!r}")

    def listen(self):
        bodies = schemas.Bodies()
        self.sock.settimeout(None)
        while line := self.heard.readline():
            if line == b"PING\r\n":
                self.sock.sendall(b"PONG\r\n")
            elif line == b"PONG\r\n":
                return
            elif line.startswith((b"MSG ", b"HMSG ")):
                for body in bodies.feed(line + self.heard.read(int(line.split()[-1]) + 2)):
                    self.judged += 1
                    self.complaints += self.judge.complaints(body)

    def close(self):
        """What has been sent by now is heard."""
        if self.judge:
            try:
                self.sock.sendall(b"PING\r\n")
            except OSError:             # the server is gone; that is told elsewhere
                pass
            self.thread.join(PATIENCE_S)
            self.sock.close()
            self.judge = None
        return sorted(set(self.complaints))
