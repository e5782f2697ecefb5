# SPDX-License-Identifier: Apache-2.0
"""Writes what a real server says into the expected lines of a dialog.

Only here is silence taken for the end of an answer; checking never waits for silence.
"""

import re
import time

from . import forms, text, websocket
from .wire import Closed, Late

FIRST_S, QUIET_S = 4.0, 0.25


class Recording:
    """The part of a Player that records."""

    def record(self, step, conn, index):
        if step.head is not None:
            frame = conn.read_frame()
            step.recorded = [f"{step.who}<{{{frame.head()}}} {text.escape(payload_of(frame))}".rstrip()]
            return
        first = self.record_bytes(conn)
        if self.keeps_start(step, conn, index, first):
            return
        step.recorded = self.recorded_lines(step, conn, first)
        for line in text.lines_of(first):
            if line.startswith(b"INFO {") and line.endswith(b"} \r\n"):
                conn.info = text.json.loads(line[5:-3])
        following = self.following(index)
        told = following and following.who == step.who and following.verb == ":"
        if conn.eof and not told:
            step.recorded.append(f"{step.who}: closed")
            conn.kind = "raw"

    def following(self, index):
        return self.dialog.steps[index + 1] if index + 1 < len(self.dialog.steps) else None

    def keeps_start(self, step, conn, index, data):
        """Before a change of layer only the start of `data` belongs to this step."""
        following = self.following(index)
        if not following or following.verb != ":" or following.text not in ("frames", "leave"):
            return False
        for end in range(len(data) + 1):
            if (end == len(data) or data[end - 1:end] == b"\n") and self.fits(step.lines, conn, data[:end]):
                conn.data[:0] = data[end:]
                return True
        return False

    def record_bytes(self, conn):
        """The answer: whatever comes until the server is quiet; the first byte may be late."""
        try:
            conn.await_data(lambda data: len(data) > 0, time.monotonic() + FIRST_S)
        except (Late, Closed):
            pass
        return conn.read_rest(QUIET_S)

    def recorded_lines(self, step, conn, data):
        only = f"[{step.only}] " if step.only else ""
        if step.verb == "<~":
            if step.lines != ["?"] and self.same_messages(step.lines, conn, data):
                return [f"{only}{step.who}<~ {line}" for line in step.lines]
            fresh = sorted(forms.mask_size(text.escape_line(message)) for message in messages(data))
            return [f"{only}{step.who}<~ {line}" for line in fresh]
        if self.fits(step.lines, conn, data):
            return [f"{only}{step.who}< {line}".rstrip() for line in step.lines]
        fresh = []
        for at, line in enumerate(text.lines_of(data)):
            old = step.lines[at] if at < len(step.lines) else None
            keeps = old is not None and old != "?" and self.fits([old], conn, line)
            fresh.append(old if keeps else text.escape_line(line))
        fresh = forms.mask_sizes(fresh)
        return [f"{only}{step.who}< {line}".rstrip() for line in fresh]

    def same_messages(self, lines, conn, data):
        got = messages(data)
        for line in lines:
            parts = self.segments(line, conn)
            fitting = [message for message in got if text.match_masked(parts, message, self.names) is None]
            if not fitting:
                return False
            got.remove(fitting[0])
        return not got

    def fits(self, lines, conn, data):
        if lines == ["?"]:
            return False
        parts = []
        for line in lines:
            parts += self.segments(line, conn)
        return text.match_masked(text.join(parts), data, self.names) is None


def payload_of(frame):
    """What a frame says: inflated, without the close code."""
    return websocket.inflate(frame.payload) if frame.rsv & 4 else frame.text()


def messages(data):
    """Cuts received bytes into protocol lines, each with its payload."""
    out = []
    while data:
        end = data.index(b"\n") + 1
        found = re.match(rb"H?MSG .* (\d+)\r\n", data[:end])
        end += int(found.group(1)) + 2 if found else 0
        out.append(data[:end])
        data = data[end:]
    return out
