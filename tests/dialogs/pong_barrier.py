#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What PONG means, and how fair a queue group is: two stories too long for a dialog file.

Barrier: a subscriber's PONG makes its SUB visible; a publisher's PONG puts its message before every PONG that
another client asks for afterwards. Goal: no repetition out of 100 000 sees a PONG without the message before it.
Method: many pairs of connections, each pair strictly in turn, all pairs at once, so that the reactors of a
server with several of them are in every phase of their work. Pair by pair the two connections land on different
reactors, as the least loaded one is chosen.

Fairness: of 10 equal members no one gets more than 1.3 times its share of 100 000 messages, and none is lost.

Runs as a case of run.py, in a process of its own, or alone: pong_barrier.py --server PATH [--reactors N].
"""

import argparse
import json
import re
import selectors
import socket
import sys
import tempfile

from player.server import ServerError, binary_from

REPETITIONS, PAIRS = 100_000, 24
MEMBERS, MESSAGES, BATCH, UNFAIR = 10, 100_000, 1000, 1.3
NEW_SID_EVERY = 10


def connect(server):
    sock = socket.create_connection(("127.0.0.1", server.port("client")), timeout=server.binary.patience)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = b""
    while not data.endswith(b"\r\n"):
        data += sock.recv(65536)
    sock.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n')
    expect(sock, b"PONG\r\n")
    return sock


def expect(sock, want):
    """`want` comes next; the server's own PINGs, due some seconds after a CONNECT, may stand before it."""
    got = b""
    while len(got) < len(want):
        more = sock.recv(len(want) - len(got))
        assert more, "the server closed the connection"
        got = (got + more).removeprefix(b"PING\r\n")
    assert got == want, f"expected {want!r}, got {got!r}"


def ready(selector, server):
    """Who has something to read; none: the server was silent all the time. Looks twice, since a whole machine may
    have stood still, and then the first look ends before the server could go on."""
    return selector.select(server.binary.patience) or selector.select(server.binary.patience)


def asked(server, path, rows):
    """What monitoring says at `path`, or why it says nothing."""
    try:
        return rows(server.get_page(path)[1])
    except (OSError, ServerError) as error:
        return f"{path}: {error}"


def conn_rows(text):
    names = ("cid", "pending_bytes", "in_msgs", "out_msgs", "subscriptions")
    return [tuple(conn[name] for name in names) for conn in json.loads(text)["connections"]]


def state(server):
    """Where the reactors are and what each connection has taken and given, for the report of a silence."""
    connections = asked(server, "/connz?limit=1024", conn_rows)
    closed = asked(server, "/connz?state=closed&sort=stop&limit=64", conn_rows)
    return (f"connections (cid, pending, in, out, subscriptions): {connections}\n"
            f"closed lately: {closed}\n{asked(server, '/stacksz', str)}")


class Pair:
    """One subscriber and one publisher, which take turns: subscribe (at times), publish, ask."""

    def __init__(self, server, number):
        self.subject = b"barrier.%d" % number
        self.subscriber, self.publisher = connect(server), connect(server)
        self.round, self.sid, self.state = 0, 0, None
        self.buffers = {self.subscriber: b"", self.publisher: b""}

    def start_round(self):
        self.round += 1
        if self.round % NEW_SID_EVERY == 1:
            self.sid += 1
            self.state = "subscribe"
            self.subscriber.sendall(b"UNSUB %d\r\nSUB %s %d\r\nPING\r\n" % (self.sid - 1, self.subject, self.sid))
        else:
            self.publish()

    def publish(self):
        self.state = "publish"
        self.payload = b"%d" % self.round
        self.publisher.sendall(b"PUB %s %d\r\n%s\r\nPING\r\n" % (self.subject, len(self.payload), self.payload))

    def awaited(self, sock):
        """All that must have come on `sock` when its PONG comes; None when none is due."""
        if (sock is self.publisher) != (self.state == "publish"):
            return None
        if self.state == "ask":
            return b"MSG %s %d %d\r\n%s\r\nPONG\r\n" % (self.subject, self.sid, len(self.payload), self.payload)
        return b"PONG\r\n"

    def on_data(self, sock):
        """Returns True when a round has ended."""
        data = sock.recv(65536)
        assert data, "the server closed the connection"
        got = (self.buffers[sock] + data).replace(b"PING\r\n", b"")
        self.buffers[sock] = got
        if not got.endswith(b"PONG\r\n"):
            return False
        self.buffers[sock] = b""
        want = self.awaited(sock)
        assert got == want, f"round {self.round}, {self.state}: expected {want!r}, got {got!r}"
        if self.state == "publish":
            self.state = "ask"
            self.subscriber.sendall(b"PING\r\n")
            return False
        if self.state == "subscribe":
            self.publish()
            return False
        return True

    def close(self):
        self.subscriber.close()
        self.publisher.close()


def check_barrier(server, repetitions=REPETITIONS):
    selector = selectors.DefaultSelector()
    pairs = [Pair(server, number) for number in range(PAIRS)]
    started, ended = 0, 0
    for pair in pairs:
        selector.register(pair.subscriber, selectors.EVENT_READ, pair)
        selector.register(pair.publisher, selectors.EVENT_READ, pair)
        pair.start_round()
        started += 1
    while ended < repetitions:
        events = ready(selector, server)
        assert events, f"no answer after {ended} rounds\n{state(server)}"
        for key, _ in events:
            if not key.data.on_data(key.fileobj):
                continue
            ended += 1
            if started < repetitions:
                key.data.start_round()
                started += 1
    for pair in pairs:
        pair.close()


def count_messages(data):
    """(whole messages by sid, the incomplete rest)"""
    counts, end = {}, 0
    for found in re.finditer(rb"MSG work\.\d+ (\d+) 1\r\nx\r\n|PING\r\n", data):
        if found.group(1):
            counts[found.group(1)] = counts.get(found.group(1), 0) + 1
        end = found.end()
    return counts, data[end:]


def check_fairness(server, connections):
    """10 members on `connections` connections; all the messages of one publisher.

    The subject is this check's own: the members of an earlier one have closed, but until the server reads that they
    are members like any others, and what they are sent is lost."""
    subject = b"work.%d" % connections
    socks = [connect(server) for _ in range(connections)]
    for member in range(MEMBERS):
        socks[member % connections].sendall(b"SUB %s group %d\r\n" % (subject, member))
    for sock in socks:
        sock.sendall(b"PING\r\n")
        expect(sock, b"PONG\r\n")
    publisher = connect(server)
    shares, rest, total = {}, dict.fromkeys(socks, b""), 0
    selector = selectors.DefaultSelector()
    for sock in socks:
        selector.register(sock, selectors.EVENT_READ)
    for _ in range(MESSAGES // BATCH):
        publisher.sendall(b"PUB %s 1\r\nx\r\n" % subject * BATCH)
        total += BATCH
        while sum(shares.values()) < total:
            events = ready(selector, server)
            assert events, (f"{sum(shares.values())} of {total} messages came, by member: {sorted(shares.items())}\n"
                            f"{state(server)}")
            for key, _ in events:
                data = key.fileobj.recv(262144)
                assert data, "the server closed a member"
                counts, rest[key.fileobj] = count_messages(rest[key.fileobj] + data)
                for sid, count in counts.items():
                    shares[sid] = shares.get(sid, 0) + count
    assert sum(shares.values()) == MESSAGES, f"{sum(shares.values())} messages came"
    most = max(shares.values())
    assert most <= UNFAIR * MESSAGES / MEMBERS, f"shares of the members: {sorted(shares.values())}"
    for sock in (*socks, publisher):
        sock.close()


def play(binary, folder):
    """The whole case against a fresh server with at least two reactors; AssertionError when it fails."""
    server = binary.start(folder, "", flags=("-m", "-1"), reactors=max(2, binary.reactors))
    try:
        check_barrier(server)
        check_fairness(server, MEMBERS)
        check_fairness(server, 1)
        server.stop()
    finally:
        server.kill()


def main():
    parser = argparse.ArgumentParser(description="PONG barrier and queue fairness")
    parser.add_argument("--server", required=True)
    parser.add_argument("--reactors", type=int, default=2)
    parser.add_argument("--env", action="append", default=[], help="as for run.py")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dialog-") as folder:
        try:
            play(binary_from(args.server, args.reactors, args.env), folder)
        except (AssertionError, ServerError, OSError) as error:
            sys.exit(f"{type(error).__name__}: {error}")
    print("passed")


if __name__ == "__main__":
    main()
