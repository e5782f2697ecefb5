# SPDX-License-Identifier: Apache-2.0
"""The simplest client of JetStream: requests, publishes in flight, pulls. One connection, one thread."""
import collections
import json

from harness import Client, LeftOut, expect

Message = collections.namedtuple("Message", "subject sid reply header body")


class Ended(Exception):
    """The connection ended: the server was killed."""


class StreamClient(Client):
    """Every request has a reply subject of its own, _R.<connection>.<number>, so that many can be in flight."""

    def __init__(self, port):
        super().__init__(port, connect=False)
        self.info = json.loads(self.line()[len("INFO "):])
        if not self.info.get("jetstream"):
            raise LeftOut("this server has no JetStream")
        self.number, self.kept, self.inbox = 0, {}, f"_R.{self.cid}"
        self.send('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n'
                  f"SUB {self.inbox}.* 1\r\nPING\r\n")
        self.wait_for("PONG")

    def publish(self, subject, body=b"", headers=(), reply=""):
        """Sends and returns; the answer comes through `message()`."""
        body = body if isinstance(body, bytes) else body.encode()
        head = b""
        if headers:
            head = ("NATS/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n").encode()
        sizes = f"{len(head)} {len(head) + len(body)}" if headers else f"{len(body)}"
        line = f"{'HPUB' if headers else 'PUB'} {subject} {reply} {sizes}\r\n"
        try:
            self.socket.sendall(line.encode() + head + body + b"\r\n")
        except ConnectionError as error:
            raise Ended from error

    def ask(self, subject, body=b"", headers=()):
        """Publishes with a reply subject of its own; returns it."""
        self.number += 1
        reply = f"{self.inbox}.{self.number}"
        self.publish(subject, body, headers, reply)
        return reply

    def message(self):
        """The next message; raises Ended at the end of the stream."""
        while True:
            line = self.line()
            if line is None:
                raise Ended
            words = line.split()
            if words and words[0] in ("MSG", "HMSG"):
                return self.read_message(words)
            if line == "PING":
                self.send("PONG\r\n")

    def read_message(self, words):
        headed = words[0] == "HMSG"
        head, size = (int(words[-2]), int(words[-1])) if headed else (0, int(words[-1]))
        while len(self.rest) < size + 2:
            block = self.socket.recv(65536)
            if not block:
                raise Ended
            self.rest += block
        content, self.rest = self.rest[:size], self.rest[size + 2:]
        reply = words[3] if len(words) == (6 if headed else 5) else ""
        return Message(words[1], words[2], reply, content[:head].decode(), content[head:])

    def answer(self, inbox):
        """The message for one reply subject; others are kept for those who ask later."""
        while not self.kept.get(inbox):
            message = self.message()
            self.kept.setdefault(message.sid if message.sid != "1" else message.subject, []).append(message)
        message = self.kept[inbox].pop(0)
        if not self.kept[inbox]:
            del self.kept[inbox]
        return message

    def request(self, subject, body=b"", headers=()):
        """The JSON of an answer that is no error."""
        answer = self.tell(subject, body, headers)
        expect("error" not in answer, f"{subject} {body}:", answer)
        return answer

    def tell(self, subject, body=b"", headers=()):
        """The JSON of an answer, whatever it says."""
        body = json.dumps(body) if isinstance(body, dict) else body
        return json.loads(self.answer(self.ask(subject, body, headers)).body)

    def create_stream(self, name, **config):
        return self.request(f"$JS.API.STREAM.CREATE.{name}", {"name": name, **config})

    def create_consumer(self, stream, name, **config):
        config = {"name": name, "durable_name": name, **config}
        return self.request(f"$JS.API.CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})

    def stream_info(self, name, **body):
        return self.request(f"$JS.API.STREAM.INFO.{name}", body)

    def consumer_info(self, stream, name):
        return self.request(f"$JS.API.CONSUMER.INFO.{stream}.{name}")

    def pull(self, stream, consumer, batch, **how):
        """Up to so many messages that are there now (`how`: or as it says), with the subject that they were published to."""
        self.number += 1
        inbox, got = f"_P.{self.cid}.{self.number}", []
        self.send(f"SUB {inbox} {inbox}\r\n")
        self.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", json.dumps({"batch": batch, **(how or {"no_wait": True})}),
                     reply=inbox)
        while len(got) < batch:
            message = self.answer(inbox)
            if message.reply:
                got.append(message)
            else:
                expect(message.header.startswith("NATS/1.0 40"), message)
                break
        self.send(f"UNSUB {inbox}\r\n")
        return got


def place(message):
    """(how often delivered, sequence in the stream) of a message that a consumer delivered."""
    words = message.reply.split(".")
    return int(words[4]), int(words[5])
