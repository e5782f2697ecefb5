# SPDX-License-Identifier: Apache-2.0
"""Plays the steps of one dialog against one server and compares every byte."""

import base64
import hashlib
import json
import re
import shlex
import ssl
import time

from . import certs, forms, keys, text, websocket
from .record import Recording, payload_of
from .server import ServerError
from .text import DialogError
from .wire import Closed, Conn, Late

WS_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Mismatch(Exception):
    """The server said something else than the dialog expects."""

    def __init__(self, step, reason, expected=(), actual=b""):
        super().__init__(reason)
        self.step, self.reason = step, reason
        self.expected = list(expected)
        self.actual = [text.escape_line(line) for line in text.lines_of(actual)]


class Player(Recording):
    def __init__(self, dialog, binary, folder, cert_folder, recording=False, schemas=None):
        self.dialog, self.binary, self.folder, self.certs = dialog, binary, folder, cert_folder
        self.recording, self.schemas = recording, schemas
        self.conns, self.names = {}, {}
        self.server = None

    # -- the whole dialog

    def play(self):
        dialog = self.dialog
        flags = shlex.split(self.fill_in(dialog.options.get("flags", "")))
        self.server = self.binary.start(self.folder, self.config("main"), flags,
                                        int(dialog.options.get("reactors", 0)))
        try:
            for index, step in enumerate(dialog.steps):
                if step.only and step.only != self.binary.kind:
                    continue
                self.play_step(step, index)
                self.hold_to_schemas(step)
            self.ask_for_silence()
        finally:
            for conn in self.conns.values():
                conn.close()
        self.server.stop()

    def config(self, name):
        body = self.fill_in(self.dialog.config(name))
        if self.dialog.needs_monitor() or "monitor" in self.dialog.options:
            body += 'http: "127.0.0.1:-1"\n'
        return body

    def fill_in(self, body):
        """Expands {{...}} in a configuration or flags; everything else stays as it stands."""
        return re.sub(r"\{\{(.*?)\}\}", lambda found: self.lookup(found.group(1).split()).decode(), body)

    def play_step(self, step, index):
        try:
            if step.verb == "!":
                self.connect(step)
            elif step.verb == ">":
                self.send(step)
            elif step.verb in ("<", "<~"):
                self.expect(step, index)
            elif step.verb == ":":
                self.act(step)
            else:
                getattr(self, "do_" + step.verb)(step)
        except (Late, Closed, OSError, ServerError) as error:
            raise Mismatch(step, f"{type(error).__name__}: {error}") from error

    def hold_to_schemas(self, step):
        """What JetStream has said by now has the form of its schema; a recording only writes it down."""
        for conn in self.conns.values():
            if conn.complaints and not self.recording:
                raise Mismatch(step, f"{conn.name} was told what no schema allows: " + "; ".join(conn.complaints))

    def conn(self, name):
        if name not in self.conns:
            raise DialogError(f"there is no connection {name}")
        return self.conns[name]

    def lookup(self, words, conn=None):
        kind = words[0]
        if kind == "nkey":
            return keys.user_nkey(words[1]).encode()
        if kind == "sig":
            return keys.signature(words[1], conn.info["nonce"].encode()).encode()
        if kind == "sig-std":
            return base64.b64encode(keys.sign(keys.seed_of(words[1]), conn.info["nonce"].encode()))
        if kind == "folder":
            return self.folder.encode()
        if kind == "certs":
            return self.certs.encode()
        if kind == "pin":
            return certs.spki_sha256(self.certs, words[1]).encode()
        if kind == "port":
            return str(self.server.port(words[1])).encode()
        if kind == "cid":
            return str(self.conn(words[1]).info["client_id"]).encode()
        if kind in self.names:
            return self.names[kind]
        raise DialogError(f"unknown {{{{{' '.join(words)}}}}}")

    def segments(self, line, conn):
        return text.segments(line, lambda words: self.lookup(words, conn))

    def ask_for_silence(self):
        """At the end every connection still open answers PING with PONG and nothing before it."""
        for conn in self.conns.values():
            if conn.kind != "raw":
                conn.pings_shown = False
                self.sync(conn, None)

    def sync(self, conn, step):
        conn.send(b"PING\r\n")
        try:
            got = conn.read(6)
        except (Late, Closed) as error:
            got = conn.read_rest(0.3)
            raise Mismatch(step, f"sync {conn.name}: {error}", ["PONG"], got) from error
        if got != b"PONG\r\n":
            raise Mismatch(step, f"sync {conn.name}: something stands before the PONG", ["PONG"],
                           got + conn.read_rest(0.3))

    # -- connections

    def connect(self, step):
        words = step.text.split(" | ")[0].split()
        how, options = words[0], dict(word.split("=", 1) for word in words[1:] if "=" in word)
        listener = options.get("to", "websocket" if how.startswith("ws") else "client")
        kind = "raw" if how == "raw" else "nats"
        try:
            conn = Conn(step.who, self.server.port(listener), self.binary.patience, kind,
                        int(options.get("rcvbuf", 0)))
        except ConnectionRefusedError:
            if how == "refused":
                return
            raise
        conn.pings_shown = self.dialog.options.get("server-pings") == "shown"
        conn.judge = self.schemas and self.schemas.complaints
        self.conns[step.who] = conn
        opener = getattr(self, "open_" + how.replace("-", "_"), None)
        if opener is None:
            raise DialogError(f"line {step.number}: no way to connect called {how}")
        opener(conn, options, step)

    def open_refused(self, conn, options, step):
        raise Mismatch(step, "the server took the connection")

    def open_raw(self, conn, options, step):
        """Nothing is read or answered unless the dialog says so."""

    def open_open(self, conn, options, step):
        """As raw, but server PINGs are answered."""

    def open_connect(self, conn, options, step):
        conn.read_info()

    def open_asker(self, conn, options, step):
        """Logged in as `user` or nobody, with answers to the subject r.NAME; see `asks`."""
        conn.read_info()
        login = {"verbose": False, "pedantic": False, "protocol": 0, "headers": True, "no_responders": True, "lang": "dialog",
                 "version": "1", "name": step.who}
        if "user" in options:
            login |= {"user": options["user"], "pass": options["user"]}
        conn.send(b"CONNECT " + text.json.dumps(login).encode() + f"\r\nSUB r.{step.who} r\r\nPING\r\n".encode())
        while (line := conn.read_line()) != b"PONG\r\n":
            if not line.startswith(b"INFO "):
                raise Mismatch(step, "the login was refused", [], line)

    def open_tls(self, conn, options, step):
        conn.read_info()
        conn.start_tls(self.certs, options)

    def open_tls_first(self, conn, options, step):
        conn.start_tls(self.certs, options)
        conn.read_info()

    def open_ws(self, conn, options, step):
        self.open_ws_open(conn, options, step)
        conn.read_info()

    def open_wss(self, conn, options, step):
        conn.start_tls(self.certs, options)
        self.open_ws(conn, options, step)

    def open_ws_open(self, conn, options, step):
        """The rest of the line after ` | ` are further request headers."""
        headers = [f"GET {options.get('path', '/')} HTTP/1.1", f"Host: 127.0.0.1:{conn.server_port}",
                   "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {WS_KEY}",
                   "Sec-WebSocket-Version: 13", *step.text.split(" | ")[1:]]
        head = self.fill_in("".join(header + "\r\n" for header in headers) + "\r\n")
        digest = hashlib.sha1((WS_KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        conn.start_websocket(head.encode(), base64.b64encode(digest))

    # -- sending and expecting

    def send(self, step):
        conn = self.conn(step.who)
        if step.head is None:
            conn.send(text.literal(self.segments(step.text, conn)))
            return
        words = step.head.split()
        control = words[0] in ("close", "ping", "pong")
        payload = text.literal(self.segments(step.text + ("\\" if control else ""), conn))
        conn.send_raw(websocket.from_words(words, payload))

    def expect(self, step, index):
        conn = self.conn(step.who)
        if self.recording:
            self.record(step, conn, index)
        elif step.lines == ["?"]:
            raise DialogError(f"line {step.number}: not recorded yet")
        elif step.head is not None:
            self.expect_frame(step, conn)
        elif step.verb == "<~":
            self.expect_any_order(step, conn)
        else:
            self.expect_lines(step, conn)

    def expect_lines(self, step, conn):
        message = forms.Message()
        for at, line in enumerate(step.lines):
            parts = self.segments(line, conn)
            got = b""
            try:
                if text.is_literal(parts):
                    want = text.literal(parts)
                    got = conn.read(len(want))
                    reason = None if got == want else "other bytes"
                else:
                    got = conn.read_line()
                    reason = text.match_masked(parts, got, self.names)
                reason = reason or message.take(got)
            except (Late, Closed) as error:
                reason = str(error)
            if reason:
                raise Mismatch(step, reason, step.lines[at:], got + conn.read_rest(0.3))
            if got.startswith(b"INFO {") and got.endswith(b"} \r\n"):
                conn.info = text.json.loads(got[5:-3])
        if message.end():
            raise Mismatch(step, message.end())

    def expect_any_order(self, step, conn):
        """Each line of the step is a whole message, or a line that is none."""
        wanted = [(line, self.segments(line, conn)) for line in step.lines]
        while wanted:
            got, reason, found = b"", "other bytes", []
            try:
                got = conn.read_message()
                found = [pair for pair in wanted if text.match_masked(pair[1], got, self.names) is None]
            except (Late, Closed) as error:
                reason = str(error)
            if not found:
                shown = [line for line, _ in wanted]
                raise Mismatch(step, reason + " (any order)", shown, got + conn.read_rest(0.3))
            wanted.remove(found[0])

    def expect_frame(self, step, conn):
        frame = conn.read_frame()
        want = text.literal(self.segments(step.text + "\\", conn))
        if frame.head() != step.head or payload_of(frame) != want:
            shown = f"{{{frame.head()}}} {text.escape(payload_of(frame))}"
            raise Mismatch(step, f"another frame: {shown}", [f"{{{step.head}}} {step.text}"])

    # -- what happens to a connection

    def act(self, step):
        conn = self.conn(step.who)
        words = step.text.split(" ", 1)
        getattr(self, "act_" + words[0])(conn, words[1] if len(words) > 1 else "", step)

    def act_asks(self, conn, how, step):
        """asks SUBJECT [HEADER: VALUE | ...] BODY: publishes with the reply subject r.NAME."""
        self.ask(conn, how, "r." + conn.name)

    def act_tells(self, conn, how, step):
        """The same without a reply subject."""
        self.ask(conn, how, "")

    def act_given(self, conn, how, step):
        """given SUBJECT BODY: a request that is no subject of the dialog; its answer may not be an error."""
        answer = self.answer_to(conn, how)
        if b'"error":' in answer or b"\r\nNATS/1.0 " in answer:
            raise Mismatch(step, "refused", [], answer)

    def act_awaits(self, conn, how, step):
        """awaits TEXT of SUBJECT BODY: asks until the answer has the text in it, where something happens by and by."""
        wanted, _, request = how.partition(" of ")
        deadline = conn.deadline()
        while wanted.encode() not in (answer := self.answer_to(conn, request)):
            if time.monotonic() > deadline:
                raise Mismatch(step, "awaited in vain", [wanted], answer)
            time.sleep(0.01)

    def answer_to(self, conn, how):
        """The bytes of an answer that the dialog does not show."""
        conn.send(b"SUB given given\r\n")
        self.ask(conn, how, "given")
        head = conn.read_line()
        body = conn.read(int(head.split()[-1]) + 2) if b"MSG given given " in head else b""
        conn.send(b"UNSUB given\r\n")
        return head + (body or b"NATS/1.0 nothing")

    def ask(self, conn, how, reply):
        subject, headers, body = re.fullmatch(r"(\S+)(?: \[(.*?)\])?(?: (.*))?", how).groups()
        body = text.literal(self.segments((body or "") + "\\", conn))
        words = ["PUB", subject] + ([reply] if reply else [])
        if headers is not None:
            lines = "NATS/1.0\\r\\n" + "".join(line + "\\r\\n" for line in headers.split(" | ") if line) + "\\r\\n"
            head = text.literal(self.segments(lines + "\\", conn))
            words[0], body = "HPUB", head + body
            words.append(str(len(head)))
        line = " ".join([*words, str(len(body))])
        conn.send(text.literal(self.segments(line + "\\", conn)) + b"\r\n" + body + b"\r\n")

    def act_closed(self, conn, how, step):
        """The server has closed it, and nothing unread stands before the end."""
        if how.startswith("after {"):
            self.last_frame(conn, how[len("after "):], step)
        if how == "after anything":
            while not conn.eof:
                if not conn.fill(conn.deadline()):
                    raise Mismatch(step, "the connection stays open")
                conn.data.clear()
        else:
            try:
                conn.await_data(lambda data: len(data) > 0, conn.deadline())
                raise Mismatch(step, "bytes before the end", [], conn.read_rest(0.3))
            except Closed:
                if conn.frames or not conn.eof:
                    raise
        conn.kind = "raw"

    def last_frame(self, conn, want, step):
        """A close frame before the end; nats-server loses it at times, midge may not."""
        try:
            frame = conn.read_frame()
        except Closed:
            if self.binary.is_midge:
                raise
            return
        shown = f"{{{frame.head()}}} {text.escape(frame.text())}"
        if shown != want:
            raise Mismatch(step, "another frame", [want], shown.encode())

    def act_close(self, conn, how, step):
        """The client closes."""
        conn.close()
        conn.kind = "raw"

    def act_leave(self, conn, how, step):
        """The dialog loses interest; nothing is checked any more."""
        conn.kind = "raw"

    def act_listen(self, conn, how, step):
        """A raw connection becomes a NATS connection."""
        conn.kind = "nats"

    def act_frames(self, conn, how, step):
        conn.become_websocket()

    def act_starttls(self, conn, how, step):
        options = dict(word.split("=", 1) for word in how.split() if "=" in word)
        try:
            conn.start_tls(self.certs, options)
        except (ssl.SSLError, ConnectionResetError):
            if "fails" not in how.split():
                raise
            conn.kind = "raw"
            return
        if "fails" in how.split():
            raise Mismatch(step, "the TLS handshake succeeded")

    def act_reason(self, conn, want, step):
        reason = self.server.closed_reason(conn.local_port)
        if self.recording and want == "?":
            step.recorded = [f"{step.who}: reason {reason}"]
        elif reason != want:
            raise Mismatch(step, "another reason in /connz", [want], reason.encode())

    # -- what happens to the server

    def do_sync(self, step):
        for name in step.text.split():
            self.sync(self.conn(name), step)

    def do_http(self, step):
        path, *pairs = self.fill_in(step.text).split()
        wanted = dict(pair.split("=", 1) for pair in pairs)

        def look():
            code, page = self.server.get_page(path)
            report = json.loads(page)
            self.names["report"] = {name: text.compact(code if name == "CODE" else value_at(report, name)) for name in wanted}
            return self.names["report"] == wanted
        try:
            self.server.wait(f"{path} {wanted}", look)
        except ServerError as error:
            raise Mismatch(step, str(error), pairs, str(self.names["report"]).encode()) from error

    def do_reload(self, step):
        name, _, refusal = step.text.partition(" refused: ")
        said = self.server.reload(self.config(name))
        want = "Failed to reload server configuration: " + refusal if refusal else "Reloaded server configuration"
        if text.match_masked(self.segments(want + "\\", None), said.encode(), self.names):
            raise Mismatch(step, "another end of the reload", [want], said.encode())

    def do_signal(self, step):
        self.server.signal(step.text)

    def do_server(self, step):
        if step.text != "exits":
            raise DialogError(f"line {step.number}: server {step.text}?")
        self.server.wait_for_exit()

    def do_log(self, step):
        self.server.wait_for_log(self.fill_in(step.text))

    def do_pause(self, step):
        """Lets time pass where time itself is the subject; the reason stands in the file."""
        seconds, colon, reason = step.text.partition("s: ")
        if not colon or not reason:
            raise DialogError(f"line {step.number}: a pause needs a reason")
        time.sleep(float(seconds))


def value_at(report, path):
    """The field a.0.b of a monitoring report, None when it is not there."""
    for word in path.split("."):
        if isinstance(report, list):
            report = report[int(word)] if int(word) < len(report) else None
        else:
            report = (report or {}).get(word)
    return report
