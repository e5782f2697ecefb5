# SPDX-License-Identifier: Apache-2.0
"""What nats-server 2.10, 2.12 and 2.15 have saved is in midge what it is in a nats-server 2.15 that got the same archives; and
what happens when client, server or account end a restore in the middle, or the server right behind it.

A server that is not in build/peer (tools/peer) leaves its cases out.
"""
import json
import time

from archives import archive
from backup import CONFIG, Peers, Place, backup, begin, expect_nothing, put, restore, restored, saved
from harness import expect, expect_equal, midge_only, until
from store_import import HOUR, SERVERS, fill_blocks, fill_consumers, names, publish_all, stream_facts
from streams import StreamClient, place

# ---- from every server that writes archives ----


def without_time(facts):
    """When it was restored says the stream; of a consumer that is left out which knows no other time."""
    del facts["created"]
    for key, value in facts.items():
        if key.startswith("consumer "):
            del value["created"]
    return facts


def same_as_there(world, version, fill, more=""):
    """Every stream of a server, restored here and there."""
    with Peers() as peers:
        source = peers.add(SERVERS[version], more)
        there, here = peers.add(SERVERS["2.15"]), Place(world).client
        fill(source, version)
        for name in names(source):
            config, parts = backup(source, name)
            restored(there, name, config, parts)
            restored(here, name, config, parts)
        expect_equal(sorted(names(here)), sorted(names(source)))
        for name in names(there):
            was, wanted, got = (without_time(stream_facts(client, name)) for client in (source, there, here))
            for key in wanted.keys() | got.keys():
                is_kept = key.startswith("consumer ") and got.get(key) == was[key]      # a nats-server may forget how far it was
                expect(got.get(key) == wanted.get(key) or is_kept,
                       f"{name}: {key}: got {got.get(key)!r}, wanted {wanted.get(key)!r}, it was {was.get(key)!r}")
            for key in (key for key in was if key.startswith("message ")):
                expect(got.get(key) == was[key], f"{name}: {key}: got {got.get(key)!r}, it was {was[key]!r}")


def each_server(function):
    """One case for each server that wrote the archives."""
    def make(version):
        def case(world):
            function(world, version)
        case.__doc__ = f"{function.__doc__} (nats-server {version})"
        case.midge_only = True
        return case
    for version in SERVERS:
        globals()[f"{function.__name__.replace('each_', 'case_', 1)}_{version.replace('.', '_')}"] = make(version)
    return function


@each_server
def each_blocks_keys_and_objects(world, version):
    """Many blocks, S2 or not, with holes; a bucket with history, an object store, limits."""
    same_as_there(world, version, fill_blocks)


@each_server
def each_consumers(world, version):
    """Floors, pending acks, redeliveries, of limits, work queue and interest."""
    same_as_there(world, version, fill_consumers)


@each_server
def each_encrypted_chacha(world, version):
    """An archive of an encrypted stream is in clear."""
    same_as_there(world, version, fill_blocks, 'cipher: "chacha", key: "secret"')


@each_server
def each_encrypted_aes(world, version):
    """The same with AES, and consumers."""
    same_as_there(world, version, fill_consumers, 'cipher: "aes", key: "secret"')


def create(client, stream, name, **config):
    """A consumer that is not durable unless that is said."""
    client.request(f"$JS.API.CONSUMER.CREATE.{stream}.{name}",
                   {"stream_name": stream, "config": {"name": name, "inactive_threshold": HOUR, **config}})


def fill_rare(client, _version):
    """Mirrored and sourced meanwhile; names of every length; consumers of every kind; sealed, transformed, published again."""
    client.create_stream("ORIGIN", subjects=["origin.>"], first_seq=100, metadata={"a": "b"}, description="ä",
                         republish={"src": "origin.a.>", "dest": "again.>"},
                         subject_transform={"src": "origin.x.*", "dest": "origin.y.{{wildcard(1)}}"})
    client.create_stream("MIRROR", mirror={"name": "ORIGIN"})
    client.create_stream("SUM", sources=[{"name": "ORIGIN", "filter_subject": "origin.y.>"}])
    publish_all(client, [(f"origin.{'axb'[i % 3]}.{i % 7}", f"{i}") for i in range(60)])
    until(lambda: client.stream_info("MIRROR")["state"]["messages"] == 60, "the mirror")
    until(lambda: client.stream_info("SUM")["state"]["messages"] == 20, "the source")
    create(client, "ORIGIN", "n" * 200, ack_policy="explicit", ack_wait=HOUR)
    create(client, "ORIGIN", "ephemeral", ack_policy="explicit", ack_wait=HOUR)
    create(client, "ORIGIN", "ordered", ack_policy="none", deliver_subject="to.ordered", mem_storage=True, max_deliver=1,
           flow_control=True, idle_heartbeat=5 * 10**9)
    create(client, "ORIGIN", "filters", ack_policy="explicit", filter_subjects=["origin.a.1", "origin.b.>"], max_deliver=5,
           backoff=[HOUR, 2 * HOUR], headers_only=True, durable_name="filters", max_ack_pending=7, max_batch=3)
    create(client, "ORIGIN", "group", ack_policy="all", durable_name="group", deliver_subject="to.group", deliver_group="g",
           rate_limit_bps=1000, sample_freq="30%", replay_policy="original")
    create(client, "ORIGIN", "late", ack_policy="explicit", durable_name="late", deliver_policy="by_start_time",
           opt_start_time="2020-01-01T00:00:00Z")
    create(client, "ORIGIN", "last", ack_policy="explicit", durable_name="last", deliver_policy="last")
    for name in ("ephemeral", "n" * 200):
        for message in client.pull("ORIGIN", name, 9)[2:5]:
            client.answer(client.ask(message.reply, "+ACK"))
    for message in client.pull("ORIGIN", "filters", 3)[:1]:
        client.answer(client.ask(message.reply, "+ACK"))
    client.create_stream("ODD", subjects=["odd.*"], max_msgs=5, max_msgs_per_subject=1, discard="new",
                         discard_new_per_subject=True, max_msg_size=100, deny_delete=True, deny_purge=True, max_consumers=1)
    publish_all(client, [(f"odd.{i}", "x") for i in range(5)])
    client.create_stream("BARE", subjects=["bare"])
    client.create_stream("EMPTIED", subjects=["emptied"])
    publish_all(client, [("emptied", "x")] * 7)
    client.request("$JS.API.STREAM.PURGE.EMPTIED")


@each_server
def each_rare(world, version):
    """Consumers of every kind, of streams of every kind, while others draw from them."""
    same_as_there(world, version, fill_rare)


# ---- what ends in the middle ----

@midge_only
def case_a_client_that_goes_leaves_nothing(world):
    """Its connection ends between two chunks, or before the last one."""
    held, config, parts = saved(world)
    for part in (len(parts) // 2, len(parts)):
        other = StreamClient(held.server.port())
        put(other, begin(other, "S", config), parts[:part], 16384)
        other.close()
    until(lambda: held.server.count("is stalled") == 2, "both to be given up")
    expect_nothing(world, held)
    restored(held.client, "S", config, parts)


def large(bytes_said):
    """An archive of 600 KB that says it was smaller."""
    state = {"messages": 600, "bytes": bytes_said, "first_seq": 1, "last_seq": 600}
    return archive(state, (), [(seq, "s.a", bytes([seq % 251]) * 1000) for seq in range(1, 601)])


STREAM = {"name": "S", "subjects": ["s.>"], "storage": "file"}


def outgrows(world, config):
    server = world.start_with(config)
    held = Place.__new__(Place)
    held.world, held.server, held.client = world, server, StreamClient(server.port())
    for said in (10, 700000):
        answer = restore(held.client, "S", STREAM, large(said), 20000)
        expect_equal(answer["error"]["err_code"], 10047)
        expect_nothing(world, held)
    small = archive({"messages": 1, "bytes": 40, "first_seq": 1, "last_seq": 1}, (), [(1, "s.a", "x")])
    restored(held.client, "S", STREAM, small)


@midge_only
def case_a_restore_that_outgrows_its_server_leaves_nothing(world):
    """More comes than was said, and than there is room for."""
    outgrows(world, CONFIG % (world.path("store"), "max_file_store: 300000"))


@midge_only
def case_a_restore_that_outgrows_its_account_leaves_nothing(world):
    """The same with the limit of an account."""
    outgrows(world, CONFIG % (world.path("store"), "") +
             "accounts { A { jetstream { max_file: 300000 }, users: [{ user: a, password: a }] } }\nno_auth_user: a\n")


# ---- what ends right behind it ----

MESSAGES, DELIVERED, FLOOR, WAITING = 3000, 2000, 1500, (1600, 1700)
LEFT = [*WAITING, *range(DELIVERED + 1, MESSAGES + 1)]


def queue():
    """A work queue that still has what was acked."""
    consumer = {
        "config": {"durable_name": "C", "name": "C", "ack_policy": "explicit", "ack_wait": HOUR, "max_deliver": -1,
                   "deliver_policy": "all", "replay_policy": "instant", "max_ack_pending": 10000},
        "state": {"delivered": {"consumer_seq": DELIVERED, "stream_seq": DELIVERED},
                  "ack_floor": {"consumer_seq": FLOOR, "stream_seq": FLOOR},
                  "pending": {str(seq): {"Sequence": seq, "Timestamp": time.time_ns()} for seq in WAITING},
                  "redelivered": {str(WAITING[0]): 3}},
    }
    state = {"messages": MESSAGES, "bytes": 40 * MESSAGES, "first_seq": 1, "last_seq": MESSAGES}
    return archive(state, [("C", consumer)], [(seq, "w.a", f"job {seq}") for seq in range(1, MESSAGES + 1)])


QUEUE = {"name": "W", "subjects": ["w.>"], "storage": "file", "retention": "workqueue"}


def expect_queue(client):
    """What was acked is gone, what waits for an ack waits, and the rest is delivered."""
    until(lambda: client.stream_info("W")["state"]["messages"] == len(LEFT), "what was acked to go")
    info = client.consumer_info("W", "C")
    expect_equal([info["delivered"]["stream_seq"], info["ack_floor"]["stream_seq"]], [DELIVERED, FLOOR])
    expect_equal([info["num_ack_pending"], info["num_redelivered"], info["num_pending"]], [2, 1, MESSAGES - DELIVERED])
    got = [place(message) for message in client.pull("W", "C", MESSAGES)]
    expect_equal(got, [(1, seq) for seq in range(DELIVERED + 1, MESSAGES + 1)])


@midge_only
def case_a_restored_queue_is_what_it_was_after_a_kill(world):
    """kill -9 right behind the answer: what was acked does not come back, and nothing else goes."""
    held, parts = Place(world), queue()
    for _ in range(5):
        restored(held.client, "W", QUEUE, parts)
        held.server.kill()
        held.start()
        expect_queue(held.client)
        held.client.request("$JS.API.STREAM.DELETE.W")


@midge_only
def case_a_restore_whose_answer_is_lost_is_whole_or_nothing(world):
    """kill -9 while the last chunk is on its way: the stream is there as it was, or nothing of it is."""
    held, parts = Place(world), queue()
    for _ in range(8):
        subject = begin(held.client, "W", QUEUE)
        put(held.client, subject, parts)
        held.client.ask(subject)
        held.server.kill()
        held.start()
        if not names(held.client):
            expect_nothing(world, held)
            continue
        expect_queue(held.client)
        held.client.request("$JS.API.STREAM.DELETE.W")


@midge_only
def case_what_was_restored_is_as_it_was_after_kills(world):
    """Of all three retentions, killed again and again while nobody does anything."""
    held = Place(world)
    fill_consumers(held.client, "2.15")
    before = {}
    for name in names(held.client):
        config, parts = backup(held.client, name)
        held.client.request(f"$JS.API.STREAM.DELETE.{name}")
        restored(held.client, name, config, parts)
        before[name] = stream_facts(held.client, name)
    for _ in range(3):
        held.server.kill()
        held.start()
        for name, wanted in before.items():
            got = stream_facts(held.client, name)
            for key in wanted.keys() | got.keys():
                expect(got.get(key) == wanted.get(key), f"{name}: {key}: got {got.get(key)!r}, wanted {wanted.get(key)!r}")


@midge_only
def case_a_backup_of_what_has_just_been_restored_is_the_same(world):
    """Twice there and back, it says the same."""
    held = Place(world)
    fill_consumers(held.client, "2.15")
    for name in names(held.client):
        first = stream_facts(held.client, name)
        for _ in range(2):
            config, parts = backup(held.client, name)
            held.client.request(f"$JS.API.STREAM.DELETE.{name}")
            restored(held.client, name, config, parts)
        expect_equal(json.dumps(without_time(stream_facts(held.client, name)), sort_keys=True),
                     json.dumps(without_time(first), sort_keys=True))
