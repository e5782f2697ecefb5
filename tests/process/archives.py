# SPDX-License-Identifier: Apache-2.0
"""Archives of streams made by hand: what a backup of nats-server 2.15 is, in blocks that are not compressed."""
import json

START = b"\xff\x06\x00\x00S2sTwO"
PIECE = 32768


def crc_table():
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82f63b78 if number & 1 else 0)
        table.append(number)
    return table


TABLE = crc_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xffffffff


def piece(data):
    crc = crc32c(data)
    masked = ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff
    return b"\x01" + (len(data) + 4).to_bytes(3, "little") + masked.to_bytes(4, "little") + data


def uvarint(number):
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def entry(name, payload, sequence=0, time=1700000000 * 10**9, header=b""):
    name = name.encode()
    payload = payload if isinstance(payload, bytes) else payload.encode()
    numbers = (len(name), time << 1, sequence, len(header), len(payload))
    return b"".join(uvarint(n) for n in numbers) + name + header + payload


def archive(state, consumers=(), messages=()):
    """`consumers`: (name, what it says); `messages`: (sequence, subject, payload)."""
    parts = [b"NATSARC1", entry("state.json", json.dumps({"consumer_count": len(consumers), **state}))]
    parts += [entry(f"consumers/{name}", json.dumps(says)) for name, says in consumers]
    parts += [entry(subject, payload, sequence) for sequence, subject, payload in messages]
    plain = b"".join(parts) + bytes(5)
    return START + b"".join(piece(plain[at:at + PIECE]) for at in range(0, len(plain), PIECE))
