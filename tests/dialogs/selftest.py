#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The player must see a lying server: each lie below has to fail a dialog that an honest server passes.

This file is also the server: started with LIE in its environment it speaks just enough NATS, and lies that way.
Run: selftest.py (exit code 0 when every lie was seen).
"""

import json
import os
import re
import selectors
import signal
import socket
import sys
import tempfile

import pong_barrier
from player.dialog import Dialog
from player.play import Mismatch, Player
from player.server import Binary, ServerError

HONEST = """# A message comes back, and a stranger is sent away.

A! open
A< INFO {{json server_id max_payload=5}}\\s
A> SUB foo 1
A> PUB foo 2\\r\\nhi
A< MSG foo 1 2
A< hi
sync A
B! connect
B> QUIT
B< -ERR 'bye'
B: closed
"""
LIES = ("other_byte", "extra_message", "missing_message", "field_order", "field_missing", "field_extra", "field_value",
        "extra_before_close", "stays_open", "exit_code", "sanitizer", "crash", "will_not_stop")
BARRIER_LIES = ("after_pong", "unfair", "lost")


class FakeServer:
    def __init__(self, lie):
        self.lie, self.selector, self.members, self.delayed = lie, selectors.DefaultSelector(), [], {}
        self.buffers, self.turn, self.sent = {}, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.selector.register(self.listener, selectors.EVENT_READ)
        if lie == "sanitizer":
            print("==1==ERROR: AddressSanitizer: heap-use-after-free", flush=True)
        print(f"Listening for client connections on 127.0.0.1:{self.listener.getsockname()[1]}\nServer is ready",
              flush=True)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.read(key.fileobj)

    def accept(self):
        sock, _ = self.listener.accept()
        self.selector.register(sock, selectors.EVENT_READ)
        self.buffers[sock] = b""
        info = {"server_id": "N" + "A" * 55, "max_payload": 6 if self.lie == "field_value" else 5}
        if self.lie == "field_order":
            info = dict(reversed(info.items()))
        if self.lie == "field_missing":
            del info["server_id"]
        if self.lie == "field_extra":
            info["more"] = 1
        sock.sendall(b"INFO " + json.dumps(info).encode() + b" \r\n")

    def read(self, sock):
        data = sock.recv(65536)
        self.buffers[sock] += data
        if not data:
            self.drop(sock)
        while sock in self.buffers and self.command(sock):
            pass

    def drop(self, sock):
        self.selector.unregister(sock)
        self.buffers.pop(sock)
        self.members = [member for member in self.members if member[0] is not sock]
        sock.close()

    def command(self, sock):
        """Takes one command off the buffer; False when none is whole."""
        found = re.match(rb"(PUB (\S+) (\d+))?[^\n]*\r\n", self.buffers[sock])
        size = found.end() + (int(found.group(3)) + 2 if found and found.group(1) else 0) if found else 0
        if not found or len(self.buffers[sock]) < size:
            return False
        whole, self.buffers[sock] = self.buffers[sock][:size], self.buffers[sock][size:]
        words = whole.split()
        if found.group(1):
            self.publish(words[1], whole[found.end():])
        elif words[0] == b"SUB":
            self.members.append((sock, words[1], words[-1]))
        elif words[0] == b"UNSUB":
            self.members = [member for member in self.members if (member[0], member[2]) != (sock, words[1])]
        elif words[0] == b"PING":
            sock.sendall(b"PONG\r\n" + self.delayed.pop(sock, b""))
        elif words[0] == b"QUIT":
            self.quit(sock)
        return True

    def publish(self, subject, payload):
        if self.lie == "crash":
            os.abort()
        members = [member for member in self.members if member[1] == subject]
        self.turn, self.sent = self.turn + 1, self.sent + 1
        sock, _, sid = members[0 if self.lie == "unfair" else self.turn % len(members)]
        message = b"MSG %s %s %d\r\n" % (subject, sid, len(payload) - 2) + payload
        if self.lie == "missing_message" or (self.lie == "lost" and self.sent == 700):
            return
        if self.lie == "other_byte":
            message = message.replace(b"hi", b"ho")
        if self.lie == "after_pong" and self.sent == 700:
            self.delayed[sock] = message
            return
        sock.sendall(message * (2 if self.lie == "extra_message" else 1))

    def quit(self, sock):
        sock.sendall(b"-ERR 'bye'\r\n" + (b"x" if self.lie == "extra_before_close" else b""))
        if self.lie != "stays_open":
            self.drop(sock)


def serve():
    lie = os.environ.get("LIE", "")
    ends = signal.SIG_IGN if lie == "will_not_stop" else lambda *_: os._exit(3 if lie == "exit_code" else 0)
    signal.signal(signal.SIGINT, ends)
    FakeServer(lie).run()


def passes(lie, path, folder):
    binary = Binary(os.path.abspath(__file__), env={"LIE": lie}, patience=1.0)
    player = Player(Dialog(path, "selftest"), binary, folder, folder)
    try:
        player.play()
    except (Mismatch, ServerError):
        return False
    finally:
        if player.server:
            player.server.kill()
    return True


def barrier_passes(lie, folder):
    binary = Binary(os.path.abspath(__file__), env={"LIE": lie}, patience=1.0)
    server = binary.start(folder, "")
    try:
        if lie != "unfair":
            pong_barrier.check_barrier(server, 1500)
        pong_barrier.check_fairness(server, 2)
    except AssertionError:
        return False
    finally:
        server.kill()
    return True


def main():
    wrong = []
    for lie in ("", *LIES, *BARRIER_LIES):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "selftest.dialog")
            with open(path, "w") as file:
                file.write(HONEST)
            judge = barrier_passes(lie, folder) if lie in BARRIER_LIES else passes(lie, path, folder)
            if judge != (lie == ""):
                wrong.append(lie or "honest")
    with tempfile.TemporaryDirectory() as folder:
        if not barrier_passes("", folder):
            wrong.append("honest barrier")
    print(f"not judged right: {wrong}" if wrong else "every lie was seen")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["-v"]:
        print("fake 1.0")
    elif len(sys.argv) > 1:
        serve()
    else:
        main()
