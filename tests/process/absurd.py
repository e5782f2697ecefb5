# SPDX-License-Identifier: Apache-2.0
"""Absurd values in every field of every request of the API: each gets the answer that nats-server 2.15.2 gave.

`absurd.json` has its answers: by call and field, what it answered to which values. ABSURD_RECORD=1 writes it anew, run against
nats-server. A value in a sentence stands there as V.
"""
import json
import os
import pathlib

from harness import expect, expect_equal
from streams import Ended, StreamClient

RECORDED = pathlib.Path(__file__).with_suffix(".json")
RECORD = bool(os.environ.get("ABSURD_RECORD"))
MEMORY_MAX_KIB = 1 << 20            # of the whole server, sanitizers included
CONFIG = """
listen: "127.0.0.1:-1"
server_name: js
max_payload: 1MB
jetstream { store_dir: "%s", max_memory_store: 1GB, max_file_store: 1GB }
"""
VALUES = {
    "-1": "-1", "2^31": str(2**31), "2^63-1": str(2**63 - 1), "2^63": str(2**63), "2^64": str(2**64), "1e308": "1e308",
    "1.5": "1.5", '""': '""', '"x"': '"x"', "null": "null", "true": "true", "[]": "[]", "{}": "{}",
    "[10000": "[" * 10000 + "]" * 10000, "{10000": '{"a":' * 10000 + "1" + "}" * 10000,
}
# midge reads 256 levels, and says so at once
TOO_DEEP = ("[10000", "{10000")
HOLE = "@@"

STREAM = """name description subjects retention max_consumers max_msgs max_bytes max_age max_msgs_per_subject max_msg_size
    discard storage num_replicas no_ack duplicate_window placement placement.cluster placement.tags placement.preferred mirror
    mirror.name mirror.opt_start_seq mirror.opt_start_time mirror.filter_subject mirror.subject_transforms mirror.external
    mirror.external.api mirror.external.deliver mirror.consumer mirror.consumer.name mirror.consumer.deliver_subject
    sources sources.0 sources.0.name sources.0.opt_start_seq sources.0.opt_start_time sources.0.filter_subject
    sources.0.subject_transforms sources.0.subject_transforms.0 sources.0.subject_transforms.0.src
    sources.0.subject_transforms.0.dest sources.0.external sources.0.external.api sources.0.external.deliver
    sources.0.consumer sources.0.consumer.name sources.0.consumer.deliver_subject
    compression first_seq subject_transform subject_transform.src subject_transform.dest republish republish.src
    republish.dest republish.headers_only allow_direct mirror_direct discard_new_per_subject sealed deny_delete deny_purge
    allow_rollup_hdrs consumer_limits consumer_limits.inactive_threshold consumer_limits.max_ack_pending allow_msg_ttl
    subject_delete_marker_ttl allow_msg_counter allow_atomic allow_msg_schedules persist_mode allow_batched metadata
    metadata.a subjects.0 pedantic unknown""".split()
CONSUMER = """durable_name name description deliver_policy opt_start_seq opt_start_time ack_policy ack_wait max_deliver
    backoff backoff.0 filter_subject filter_subjects filter_subjects.0 replay_policy rate_limit_bps sample_freq max_waiting
    max_ack_pending flow_control headers_only max_batch max_expires max_bytes deliver_subject deliver_group idle_heartbeat
    inactive_threshold num_replicas mem_storage direct sourcing metadata metadata.a pause_until priority_groups
    priority_groups.0 priority_policy priority_timeout unknown""".split()
STATE = "messages bytes first_seq first_ts last_seq last_ts num_subjects num_deleted deleted lost consumer_count".split()


# ---- requests with a hole ----

def with_hole(base, path):
    """A copy of the request in which the field at this path is the hole; what leads to it is made."""
    made = json.loads(json.dumps(base))
    words, at = path.split("."), made
    for word, following in zip(words, words[1:] + [None]):
        new = HOLE if following is None else [] if following.isdigit() else {}
        if isinstance(at, list):
            expect_equal(word, "0")
            at[:] = [new]
            at = at[0]
        else:
            if following is None or not isinstance(at.get(word), type(new)):
                at[word] = new
            at = at[word]
    return json.dumps(made)


def look_up(answer, path):
    for word in path.split("."):
        if isinstance(answer, list):
            answer = answer[0] if answer else None
        else:
            answer = answer.get(word) if isinstance(answer, dict) else None
    return answer


# ---- calls: name, subject, base, fields, the scene before, where the answer echoes ----

def no_scene(_client):
    pass


def stream_scene(client):
    client.create_stream("S", subjects=["s.>"], storage="memory", allow_direct=True)
    for number in range(3):
        client.request(f"s.{number}", "x")


def consumer_scene(client):
    stream_scene(client)
    client.create_consumer("S", "C", ack_policy="explicit")


STREAM_BASE = {"name": "S", "subjects": ["s.>"], "storage": "memory"}
PULL = {"name": "C", "durable_name": "C", "ack_policy": "explicit"}
PUSH = {**PULL, "deliver_subject": "to.me"}
GET = "seq last_by_subj next_by_subj batch max_bytes start_time multi_last multi_last.0 up_to_seq up_to_time no_hdr".split()
PAGE = ["offset"]


def consumer_calls():
    for kind, base in (("pull", PULL), ("push", PUSH)):
        yield (f"CONSUMER.CREATE {kind}", "CONSUMER.CREATE.S.C", {"stream_name": "S", "config": base},
               [f"config.{field}" for field in CONSUMER] + ["stream_name", "config", "action", "pedantic"], stream_scene)
        yield (f"CONSUMER.CREATE {kind}, again", "CONSUMER.CREATE.S.C", {"stream_name": "S", "config": base},
               [f"config.{field}" for field in CONSUMER], consumer_scene if kind == "pull" else push_scene)


def push_scene(client):
    stream_scene(client)
    client.create_consumer("S", "C", ack_policy="explicit", deliver_subject="to.me")


CALLS = [
    ("STREAM.CREATE", "STREAM.CREATE.S", STREAM_BASE, STREAM, no_scene),
    ("STREAM.UPDATE", "STREAM.UPDATE.S", {**STREAM_BASE, "allow_direct": True}, STREAM, stream_scene),
    *consumer_calls(),
    ("STREAM.NAMES", "STREAM.NAMES", {}, PAGE + ["subject", "unknown"], stream_scene),
    ("STREAM.LIST", "STREAM.LIST", {}, PAGE + ["subject"], no_scene),
    ("STREAM.INFO", "STREAM.INFO.S", {}, PAGE + ["deleted_details", "subjects_filter"], stream_scene),
    ("STREAM.PURGE", "STREAM.PURGE.S", {}, ["seq", "filter", "keep"], stream_scene),
    ("STREAM.MSG.GET", "STREAM.MSG.GET.S", {}, GET, stream_scene),
    ("STREAM.MSG.GET beside a sequence", "STREAM.MSG.GET.S", {"seq": 2}, GET[1:], stream_scene),
    ("STREAM.MSG.DELETE", "STREAM.MSG.DELETE.S", {}, ["seq", "no_erase"], stream_scene),
    ("STREAM.SNAPSHOT", "STREAM.SNAPSHOT.S", {"deliver_subject": "to.nobody"},
     "deliver_subject no_consumers chunk_size window_size jsck".split(), stream_scene),
    ("STREAM.RESTORE", "STREAM.RESTORE.S", {"config": STREAM_BASE, "state": {}},
     ["config", "state", *(f"config.{field}" for field in STREAM[:-2]), *(f"state.{field}" for field in STATE)], no_scene),
    ("CONSUMER.NAMES", "CONSUMER.NAMES.S", {}, PAGE, consumer_scene),
    ("CONSUMER.LIST", "CONSUMER.LIST.S", {}, PAGE, stream_scene),
    ("CONSUMER.PAUSE", "CONSUMER.PAUSE.S.C", {}, ["pause_until"], consumer_scene),
    ("CONSUMER.UNPIN", "CONSUMER.UNPIN.S.C", {}, ["group"], consumer_scene),
    ("CONSUMER.RESET", "CONSUMER.RESET.S.C", {}, ["seq"], consumer_scene),
    ("DIRECT.GET", "DIRECT.GET.S", {}, GET, stream_scene),
    ("DIRECT.GET beside a sequence", "DIRECT.GET.S", {"seq": 1}, GET[1:], stream_scene),
]


# ---- asking ----

def verdict_of(client, subject, body, path, literal):
    """What the server says, in a line that is the same each time."""
    message = client.answer(client.ask(f"$JS.API.{subject}", body))
    head = message.header.split("\r\n")[0]
    if head.removeprefix("NATS/1.0").strip():
        return head.removeprefix("NATS/1.0 ").replace(literal, "V")
    if not message.body.startswith(b"{"):
        return "a message"
    answer = json.loads(message.body)
    if "error" in answer:
        error = answer["error"]
        return f"{error.get('err_code', 0)} {error['description']}".replace(literal, "V")
    if "deliver_subject" in answer and "config" not in answer:      # a restore, which waits for an archive
        ended = client.tell(answer["deliver_subject"])
        return f"ok, then {ended['error']['err_code']}"
    echo = look_up(answer, path if path.startswith("config") else f"config.{path}")
    return f"ok {json.dumps(echo)}"


def clear(client):
    for name in client.request("$JS.API.STREAM.NAMES")["streams"] or []:
        client.request(f"$JS.API.STREAM.DELETE.{name}")


def ask_all(client, calls):
    """{call: {field: {verdict: [values]}}}"""
    told = {}
    for name, subject, base, fields, scene in calls:
        for path in fields:
            body = with_hole(base, path)
            for value, literal in VALUES.items():
                scene(client)
                filled = body.replace(f'"{HOLE}"', literal)
                try:
                    verdict = verdict_of(client, subject, filled, path, literal)
                except (Ended, TimeoutError) as error:
                    raise AssertionError(f"{name} {path} {value}: {filled[:200]} is not answered") from error
                if value in TOO_DEEP:
                    verdict = verdict.split(" ")[0]
                told.setdefault(name, {}).setdefault(path, {}).setdefault(verdict, []).append(value)
                clear(client)
    return told


def by_value(verdicts):
    return {value: verdict for verdict, values in verdicts.items() for value in values}


def write(told):
    """A line for each field."""
    calls = []
    for name, fields in told.items():
        lines = ",\n".join(f"  {json.dumps(path)}: {json.dumps(verdicts)}" for path, verdicts in fields.items())
        calls.append(f"{json.dumps(name)}: {{\n{lines}\n}}")
    RECORDED.write_text("{\n" + ",\n".join(calls) + "\n}\n", encoding="utf-8")


def memory_kib(server):
    with open(f"/proc/{server.pid}/status", encoding="utf-8") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1])


def compare(told):
    wanted, wrong = json.loads(RECORDED.read_text(encoding="utf-8")), []
    expect_equal(list(told), list(wanted))
    for name, fields in wanted.items():
        expect_equal(list(told[name]), list(fields))
        for path, verdicts in fields.items():
            got = by_value(told[name][path])
            wrong += [f"{name} {path} {value}: got {got[value]!r}, wanted {verdict!r}"
                      for value, verdict in by_value(verdicts).items()
                      if got[value] != verdict]
    expect(not wrong, f"{len(wrong)} answers differ:\n" + "\n".join(wrong[:200]))


def case_absurd_values_get_the_documented_answers(world):
    """Every field of every request with numbers out of range, wrong types, nothing, and nesting without end."""
    server = world.start_with(CONFIG % world.path("store"))
    client = StreamClient(server.port())
    try:
        told = ask_all(client, CALLS)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{server.text()[-3000:]}") from error
    if RECORD:
        write(told)
    compare(told)
    expect(memory_kib(server) < MEMORY_MAX_KIB, memory_kib(server), "KiB at most")
    expect_equal(server.stop(), 0)
