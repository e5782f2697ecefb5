# SPDX-License-Identifier: Apache-2.0
"""What was said of streams and consumers is there after an end of the server, field by field."""
import time

from harness import expect, expect_equal, midge_only, until
from jetstream import start, stop

SECOND, MINUTE, HOUR = 10 ** 9, 60 * 10 ** 9, 3600 * 10 ** 9
LATER = "2099-01-02T03:04:05Z"

# Every field that a stream of one server may have stands in one of these.
STREAMS = {
    "LIMITS": {
        "description": "all limits", "subjects": ["a.>", "b"], "retention": "limits", "max_consumers": 9, "max_msgs": 100,
        "max_bytes": 100_000, "max_age": 20 * HOUR, "max_msgs_per_subject": 5, "max_msg_size": 1000, "discard": "new",
        "discard_new_per_subject": True, "storage": "file", "num_replicas": 1, "duplicate_window": MINUTE,
        "placement": {"cluster": "c", "tags": ["t", "u"]}, "compression": "s2", "first_seq": 10,
        "subject_transform": {"src": "a.x.*", "dest": "a.y.$1"}, "republish": {"src": "a.>", "dest": "r.>", "headers_only": True},
        "allow_direct": True, "allow_rollup_hdrs": True, "deny_delete": True, "allow_msg_ttl": True, "allow_atomic": True,
        "subject_delete_marker_ttl": 2 * SECOND, "allow_batched": True, "metadata": {"k": "v", "<": ">"},
        "consumer_limits": {"inactive_threshold": 2 * HOUR, "max_ack_pending": 50}},
    "COUNTER": {"subjects": ["n.*"], "allow_msg_counter": True, "allow_direct": True, "deny_delete": True, "deny_purge": True},
    "PLANS": {"subjects": ["p.>"], "allow_msg_schedules": True, "allow_msg_ttl": True},
    "QUIET": {"subjects": ["q"], "no_ack": True, "retention": "interest", "persist_mode": "async"},
    "JOBS": {"subjects": ["j.*"], "retention": "workqueue"},
    "COPY": {"mirror": {"name": "PLANS", "opt_start_seq": 1, "filter_subject": "p.1"}},
    "SUM": {"sources": [{"name": "COUNTER", "opt_start_time": "2020-02-03T04:05:06.000000007Z"}, {"name": "PLANS", "subject_transforms": [
        {"src": "p.1", "dest": ""}, {"src": "p.2.*", "dest": "sum.$1"}]}]},
    "FAR": {"subjects": ["f"], "sources": [{"name": "X", "external": {"api": "$JS.far.API", "deliver": "from.far"}}]},
}
SEALED = {"subjects": ["z"], "max_msgs": 7}

CONSUMERS = {
    ("LIMITS", "pull"): {
        "description": "a pull consumer", "deliver_policy": "by_start_sequence", "opt_start_seq": 11, "ack_policy": "explicit",
        "ack_wait": SECOND, "max_deliver": 4, "backoff": [SECOND, 2 * SECOND, 3 * SECOND], "filter_subjects": ["a.1", "a.2"],
        "replay_policy": "original", "sample_freq": "50%", "max_waiting": 20, "max_ack_pending": 30, "headers_only": True,
        "max_batch": 10, "max_expires": 5 * SECOND, "max_bytes": 5000, "inactive_threshold": HOUR, "metadata": {"m": "n"},
        "pause_until": LATER, "num_replicas": 1},
    ("LIMITS", "push"): {
        "deliver_subject": "to.push", "deliver_group": "group", "ack_policy": "explicit", "deliver_policy": "last_per_subject",
        "filter_subject": "a.>", "flow_control": True, "idle_heartbeat": 5 * SECOND, "rate_limit_bps": 1_000_000},
    ("LIMITS", "flow"): {"deliver_subject": "to.flow", "ack_policy": "flow_control", "flow_control": True,
                         "idle_heartbeat": SECOND, "max_ack_pending": 40},
    ("LIMITS", "since"): {"deliver_policy": "by_start_time", "opt_start_time": LATER, "ack_policy": "all"},
    ("LIMITS", "pinned"): {"ack_policy": "explicit", "priority_groups": ["A"], "priority_policy": "pinned_client",
                           "priority_timeout": HOUR},
    ("LIMITS", "first"): {"ack_policy": "explicit", "priority_groups": ["B"], "priority_policy": "prioritized"},
    ("LIMITS", "over"): {"ack_policy": "explicit", "priority_groups": ["C"], "priority_policy": "overflow"},
    ("PLANS", "bare"): {"ack_policy": "none", "max_waiting": 3},
    ("JOBS", "worker"): {"ack_policy": "explicit", "filter_subject": "j.1"},
    ("QUIET", "reader"): {"ack_policy": "explicit", "deliver_policy": "all"},
}
EPHEMERAL = {"name": "passing", "ack_policy": "explicit", "inactive_threshold": HOUR}


def build(client):
    for name, config in STREAMS.items():
        client.create_stream(name, **config)
    client.create_stream("SEALED", **SEALED)
    client.request("z", "kept for ever")
    client.request("$JS.API.STREAM.UPDATE.SEALED", {"name": "SEALED", **SEALED, "sealed": True})
    for subject, headers in (("a.1", ()), ("a.2", [("Nats-TTL", "1h")]), ("p.1", ()), ("j.1", ())):
        client.request(subject, "x", headers)
    client.request("n.1", "", [("Nats-Incr", "5")])
    for (stream, name), config in CONSUMERS.items():
        client.create_consumer(stream, name, **config)
    client.request("$JS.API.CONSUMER.CREATE.LIMITS.passing", {"stream_name": "LIMITS", "config": EPHEMERAL})


def stream_facts(client, name):
    info = client.stream_info(name)
    info["state"].pop("consumer_count")         # of a mirror's origin: its consumer comes back by and by
    sources = {s["name"]: {k: v for k, v in s.items() if k not in ("active", "lag", "error", "seq")}
               for s in info.get("sources", ())}
    return {key: info[key] for key in ("config", "created", "state")} | {"sources": sources}


def consumer_facts(client, stream, name):
    info = client.consumer_info(stream, name)
    for key in ("ts", "pause_remaining", "cluster"):
        info.pop(key, None)
    return info


def facts(client):
    found = {name: stream_facts(client, name) for name in (*STREAMS, "SEALED")}
    found.update({place: consumer_facts(client, *place) for place in (*CONSUMERS, ("LIMITS", "passing"))})
    return found


def says(given, shown):
    """What was given stands in what is shown."""
    if isinstance(given, dict):
        return isinstance(shown, dict) and all(key in shown and says(value, shown[key]) for key, value in given.items())
    return given == shown


def remembers(world, hard):
    server, client = start(world)
    build(client)
    until(lambda: client.stream_info("COPY")["state"]["messages"] == 1, "the mirror", 60)
    until(lambda: client.stream_info("SUM")["state"]["messages"] == 2, "the sources", 60)
    before = facts(client)
    if not world.is_midge:
        before["LIMITS", "passing"].pop("created")      # nats-server makes it anew
    for name, config in STREAMS.items():
        expect(says(config, before[name]["config"]), name, before[name]["config"])
    for place, config in CONSUMERS.items():
        expect(says(config, before[place]["config"]), place, before[place]["config"])
    for _ in range(2):
        stop(server, hard)
        server, client = start(world)
        for place, now in facts(client).items():
            for key in before[place]:
                expect(now.get(key) == before[place].get(key), place, key, "is", now.get(key), "was", before[place].get(key))
    expect_equal(client.tell("z", "more").get("error", {}).get("err_code"), 10109)
    expect_equal(client.request("n.1", "", [("Nats-Incr", "2")])["val"], "7")


def case_every_field_is_there_after_a_restart(world):
    """Each field of streams and consumers is after a clean stop what it was."""
    remembers(world, hard=False)


@midge_only
def case_every_field_is_there_after_a_kill(world):
    """After kill -9, too."""
    remembers(world, hard=True)


@midge_only
def case_a_pause_outlives_a_kill_and_ends_by_itself(world):
    """A consumer that was paused before a kill delivers nothing until its time has come, and then without being asked again."""
    server, client = start(world)
    client.create_stream("S", subjects=["s"])
    client.create_consumer("S", "C", ack_policy="explicit")
    client.request("s", "x")
    end = time.time_ns() + 3 * SECOND
    client.request("$JS.API.CONSUMER.PAUSE.S.C", {"pause_until": rfc3339(end)})
    server.kill()
    _, client = start(world)
    client.send("SUB to.me 7\r\n")
    client.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", '{"batch":1,"expires":20000000000}', reply="to.me")
    expect(client.message().body == b"x" and time.time_ns() >= end, "it came before its time")
    expect(not client.consumer_info("S", "C").get("paused"), "it is paused")


def rfc3339(ns):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // SECOND)) + f".{ns % SECOND:09}Z"
