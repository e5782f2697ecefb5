#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an answer must be seen: each change below makes a complaint of what had none."""
import json
import sys

sys.dont_write_bytecode = True
import schemas  # noqa: E402

API, ADVISORY = "io.nats.jetstream.api.v1.", "io.nats.jetstream.advisory.v1."
TIME = "2026-01-02T03:04:05.6Z"
REFUSAL = {"type": API + "stream_purge_response", "error": {"code": 404, "err_code": 10059, "description": "x"}, "purged": 0}
NAMES = {"type": API + "stream_names_response", "total": 1, "offset": 0, "limit": 1024, "streams": ["S"]}
AUDIT = {"type": ADVISORY + "api_audit", "id": "i", "timestamp": TIME, "server": "s", "client": {"acc": "A"}, "subject": "x",
         "response": json.dumps(NAMES)}
ACTION = {"type": ADVISORY + "stream_action", "id": "i", "timestamp": TIME, "stream": "S", "action": "create"}
PAUSE = {"type": API + "consumer_pause_response", "paused": True, "pause_until": TIME}
ACK = {"stream": "S", "seq": 1}
GONE = object()

# what is right, then what makes it wrong
SAMPLES = [
    (REFUSAL, {"error": {"code": "404"}}, {"error": {"err_code": 1}}),
    (NAMES, {"total": GONE}, {"offset": -1}, {"type": API + "stream_nothing_response"}),
    (ACTION, {"action": "eat"}, {"stream": GONE}, {"more": 1}),
    (AUDIT, {"server": 1}, {"response": json.dumps(NAMES | {"limit": "none"})}),
    (PAUSE, {"paused": 1}, {"pause_until": "tomorrow"}),
    (ACK, {"seq": -1}, {"duplicate": "yes"}, {"stream": ""}),
]
NOT_JUDGED = [b"", b"hello", b"{", b'{"a":1}', b'{"type":"ack","seq":1,"msgs":2}', b'["S"]', b'{"type":"io.nats.other"}']


def changed(value, change):
    return {name: inner for name, inner in (value | change).items() if inner is not GONE}


def main():
    judge, why = schemas.find()
    if why:
        print(f"nothing is judged: {why}")
        return 0
    wrong = [body for body in NOT_JUDGED if judge.complaints(body)]
    for right, *changes in SAMPLES:
        if judge.complaints(json.dumps(right).encode()):
            wrong.append((right, judge.complaints(json.dumps(right).encode())))
        wrong += [(right["type"] if "type" in right else "ack", change) for change in changes
                  if not judge.complaints(json.dumps(changed(right, change)).encode())]
    bodies = schemas.Bodies()
    cut = [body for byte in b"MSG s 1 2\r\nhi\r\nHMSG s 1 r 4 6\r\n\r\n\r\nho\r\nPING\r\n" for body in bodies.feed(bytes([byte]))]
    if cut != [b"hi", b"ho"]:
        wrong.append(cut)
    print(*wrong, sep="\n")
    print(f"{sum(len(sample) for sample in SAMPLES) + len(NOT_JUDGED) + 1 - len(wrong)} passed, {len(wrong)} failed")
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
