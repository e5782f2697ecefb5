# SPDX-License-Identifier: Apache-2.0
"""WebSocket frames (RFC 6455) and permessage-deflate without context takeover."""

import struct
import zlib

OPCODES = {"cont": 0, "text": 1, "bin": 2, "close": 8, "ping": 9, "pong": 10}
NAMES = {code: name for name, code in OPCODES.items()}
MASK = b"\x11\x22\x33\x44"


def inflate(data):
    return zlib.decompressobj(-15).decompress(data + b"\x00\x00\xff\xff")


def deflate(data):
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Frame:
    def __init__(self, opcode, payload, fin=True, rsv=0):
        self.opcode, self.payload, self.fin, self.rsv = opcode, payload, fin, rsv

    @property
    def name(self):
        return NAMES.get(self.opcode, str(self.opcode))

    def head(self):
        """The head as dialogs write it, e.g. `bin fin=0` or `close 1002`."""
        words = [self.name]
        if self.opcode == 8 and len(self.payload) >= 2:
            words.append(str(struct.unpack(">H", self.payload[:2])[0]))
        if not self.fin:
            words.append("fin=0")
        if self.rsv:
            words.append(f"rsv={self.rsv}")
        return " ".join(words)

    def text(self):
        """The payload after a close code."""
        return self.payload[2:] if self.opcode == 8 else self.payload


def encode(opcode, payload, fin=True, rsv=0, masked=True, length=None):
    """One client frame. `length` forces the 16 or 64 bit form of the length."""
    size = len(payload)
    form = length or (7 if size < 126 else 16 if size < 65536 else 64)
    bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if form == 7:
        head += bytes([bit | size])
    elif form == 16:
        head += bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[i & 3] for i, byte in enumerate(payload))


def from_words(words, payload):
    """A client frame from the head in a dialog: `close 1000`, `text fin=0 mask=no rsv=4`."""
    opcode = OPCODES[words[0]] if words[0] in OPCODES else int(words[0].removeprefix("op="))
    options = dict(word.split("=") for word in words[1:] if "=" in word)
    code = [word for word in words[1:] if word.isdigit()]
    if code:
        payload = struct.pack(">H", int(code[0])) + payload
    if options.get("deflate") == "yes":
        payload = deflate(payload)
    return encode(opcode, payload, options.get("fin", "1") != "0", int(options.get("rsv", "0")),
                  options.get("mask", "yes") != "no", int(options.get("length", "0")) or None)


def take(data):
    """Cuts one server frame off the front of the bytearray `data`; None when it is incomplete."""
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    if size == 126:
        if len(data) < 4:
            return None
        size, at = struct.unpack(">H", data[2:4])[0], 4
    elif size == 127:
        if len(data) < 10:
            return None
        size, at = struct.unpack(">Q", data[2:10])[0], 10
    if data[1] & 0x80:
        raise ValueError("the server masked a frame")
    if len(data) < at + size:
        return None
    frame = Frame(data[0] & 0x0F, bytes(data[at:at + size]), bool(data[0] & 0x80), data[0] >> 4 & 7)
    del data[:at + size]
    return frame
