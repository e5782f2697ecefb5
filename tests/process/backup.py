# SPDX-License-Identifier: Apache-2.0
"""STREAM.SNAPSHOT and STREAM.RESTORE: archives from nats-server 2.10, 2.12 and 2.15 come up in midge, and archives of midge in
nats-server 2.15, with every message and consumer; what is not whole leaves nothing, whatever ends it.

A server that is not in build/peer (tools/peer) leaves its cases out.
"""
import hashlib
import json
import os
import time

from harness import World, expect, expect_equal, midge_only, until
from peers import peer
from streams import StreamClient

CONFIG = 'listen: "127.0.0.1:-1"\nserver_name: js\njetstream { store_dir: "%s"\n%s }\n'
MESSAGES = 30000
CHUNK = 128 * 1024


class Place:
    """A server with a store of its own."""

    def __init__(self, world, binary=None, more=""):
        self.world = world if binary is None else World(binary, False)
        self.owned, self.more = binary is not None, more
        self.start()

    def start(self):
        self.server = self.world.start_with(CONFIG % (self.world.path("store"), self.more))
        self.client = StreamClient(self.server.port())

    def close(self):
        if self.owned:
            self.world.close()


class Peers:
    """Places that go when the case is over."""

    def __init__(self):
        self.places = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for place in self.places:
            place.close()

    def add(self, name, more=""):
        self.places.append(Place(None, peer(name), more))
        return self.places[-1].client


# -- transfers

def backup(client, stream, **request):
    """(configuration, archive) of a stream; every chunk is acknowledged as it comes."""
    client.number += 1
    inbox, parts = f"_B.{client.cid}.{client.number}", []
    client.send(f"SUB {inbox} {inbox}\r\n")
    answer = client.request(f"$JS.API.STREAM.SNAPSHOT.{stream}", {"deliver_subject": inbox, **request})
    while True:
        message = client.answer(inbox)
        if not message.body:
            expect(not message.header or "204" in message.header, message.header)
            break
        if message.reply:
            expect(len(message.body) <= request.get("chunk_size", CHUNK), len(message.body))
            client.publish(message.reply)
        parts.append(message.body)
    client.send(f"UNSUB {inbox}\r\n")
    return answer["config"], b"".join(parts)


def begin(client, stream, config):
    answer = client.request(f"$JS.API.STREAM.RESTORE.{stream}", {"config": config, "state": {}})
    return answer["deliver_subject"]


def put(client, subject, archive, chunk=CHUNK):
    for at in range(0, len(archive), chunk):
        answer = client.answer(client.ask(subject, archive[at:at + chunk])).body
        expect(not answer, answer)


def restore(client, stream, config, archive, chunk=CHUNK):
    """The last answer, whatever it says."""
    subject = begin(client, stream, config)
    put(client, subject, archive, chunk)
    return client.tell(subject)


def restored(client, stream, config, archive):
    answer = restore(client, stream, config, archive)
    expect("error" not in answer, answer)
    expect_equal(answer["type"], "io.nats.jetstream.api.v1.stream_create_response")


# -- what is in a stream

def fill(client, count, **config):
    """A stream with gaps, headers, ids, ends, and consumers that have done something."""
    client.create_stream("S", subjects=["s.>"], storage="file", description="to be saved", **config)
    ttl = config.get("allow_msg_ttl", False)
    replies = []
    for number in range(1, count + 1):
        headers = [("Number", str(number))] if number % 3 == 0 else []
        if number % 500 == 0:
            headers.append(("Nats-Msg-Id", f"id{number}"))
        if ttl and number % 700 == 0:
            headers.append(("Nats-TTL", "never" if number % 1400 == 0 else "1h"))
        body = hashlib.sha256(str(number).encode()).digest() * (number % 40)
        replies.append(client.ask(f"s.{number % 17}.{number % 5}", body, headers))
        if len(replies) == 500:
            take(client, replies)
    take(client, replies)
    for number in range(50, count, 997):
        client.request("$JS.API.STREAM.MSG.DELETE.S", {"seq": number, "no_erase": number % 2 == 0})
    for number in (1, 2, 3, count):
        client.request("$JS.API.STREAM.MSG.DELETE.S", {"seq": number})
    client.request("$JS.API.STREAM.PURGE.S", {"filter": "s.16.4"})
    client.create_consumer("S", "acks", ack_policy="explicit", ack_wait=3600 * 10**9, max_deliver=7)
    messages = client.pull("S", "acks", 100)
    for message in messages[:30] + messages[40:50]:
        client.answer(client.ask(message.reply, "+ACK"))
    for message in messages[60:65]:
        client.answer(client.ask(message.reply, "-NAK"))
    client.pull("S", "acks", 5)
    client.create_consumer("S", "all", ack_policy="all", filter_subject="s.3.*", ack_wait=3600 * 10**9)
    client.answer(client.ask(client.pull("S", "all", 20)[11].reply, "+ACK"))
    client.create_consumer("S", "none", ack_policy="none", deliver_policy="new")
    client.create_consumer("S", "push", ack_policy="explicit", deliver_subject="to.me", metadata={"a": "b"})


def take(client, replies):
    for reply in replies:
        answer = json.loads(client.answer(reply).body)
        expect("error" not in answer, answer)
    replies.clear()


def state_of(client, stream="S"):
    """What must be equal, of the stream and its consumers."""
    state = client.stream_info(stream, deleted_details=True, subjects_filter=">")["state"]
    return state, [consumer_of(client, stream, name) for name in sorted(
        client.request(f"$JS.API.CONSUMER.NAMES.{stream}")["consumers"])]


def consumer_of(client, stream, name):
    info = client.consumer_info(stream, name)
    config = dict(info["config"])
    config["metadata"] = {key: value for key, value in config.get("metadata", {}).items() if not key.startswith("_nats")}
    for key in ("priority_groups", "priority_policy"):
        config.pop(key, None)
    places = {key: {k: info[key][k] for k in ("consumer_seq", "stream_seq")} for key in ("delivered", "ack_floor")}
    if config.get("ack_policy", "none") == "none":
        del places["ack_floor"]             # a delivery is its own ack
    counts = {key: info[key] for key in ("num_ack_pending", "num_redelivered", "num_pending")}
    return info["name"], config, places, counts


def messages_of(client, state, stream="S"):
    """Every message by its sequence: subject, header, payload, time."""
    found, replies = {}, []
    gone = set(state.get("deleted") or [])
    sequences = [seq for seq in range(state["first_seq"], state["last_seq"] + 1) if seq not in gone]
    for at in range(0, len(sequences), 250):
        replies = [client.ask(f"$JS.API.STREAM.MSG.GET.{stream}", json.dumps({"seq": seq}))
                   for seq in sequences[at:at + 250]]
        for seq, reply in zip(sequences[at:at + 250], replies):
            found[seq] = json.loads(client.answer(reply).body)["message"]
    return found


def expect_same(here, there, unless=()):
    """All that two servers say of stream S."""
    state, consumers = state_of(here)
    other_state, other_consumers = state_of(there)
    for key in (state.keys() | other_state.keys()) - set(unless):
        expect(other_state.get(key) == state.get(key), key, other_state.get(key), "and not", state.get(key))
    expect_equal(other_consumers, consumers)
    first, second = messages_of(here, state), messages_of(there, state)
    expect_equal(len(first), state["messages"])
    for seq, message in first.items():
        expect_equal(second[seq], message)


# -- there and back

@midge_only
def case_archives_go_there_and_back(world):
    """30 000 messages from nats-server 2.15 to midge, and from midge to another nats-server."""
    with Peers() as peers:
        theirs, ours = peers.add("nats-server"), Place(world).client
        fill(theirs, MESSAGES, allow_msg_ttl=True)
        config, archive = backup(theirs, "S")
        restored(ours, "S", config, archive)
        expect_same(theirs, ours)
        duplicate = ours.request("s.1.1", "again", [("Nats-Msg-Id", f"id{MESSAGES - 500}")])
        expect(duplicate["duplicate"], duplicate)
        config, archive = backup(ours, "S", chunk_size=65536, window_size=131072)
        third = peers.add("nats-server")
        restored(third, "S", config, archive)
        expect_same(ours, third, {"last_ts"})       # there: of the last message that is left


@midge_only
def case_a_restored_stream_outlives_a_kill(world):
    """What was answered is durable; what waits for an ack is delivered again."""
    with Peers() as peers:
        theirs, place = peers.add("nats-server"), Place(world)
        fill(theirs, 2000)
        config, archive = backup(theirs, "S")
        restored(place.client, "S", config, archive)
        place.server.kill()
        place.start()
        expect_same(theirs, place.client)
        expect_equal(place.client.request("s.1.1", "next")["seq"], 2001)


def from_older(world, name):
    with Peers() as peers:
        theirs, ours = peers.add(name), Place(world).client
        fill(theirs, 4000)
        config, archive = backup(theirs, "S")
        restored(ours, "S", config, archive)
        expect_same(theirs, ours)


@midge_only
def case_an_archive_of_2_10_is_restored(world):
    """The older kind of archive: files of a store."""
    from_older(world, "nats-server-2.10")


@midge_only
def case_an_archive_of_2_12_is_restored(world):
    """The same, of the last servers that made them."""
    from_older(world, "nats-server-2.12")


@midge_only
def case_retentions_and_storages_come_back(world):
    """Work queues, interest, memory, both ways between midge and itself."""
    client = Place(world).client
    for name, config in (("W", {"retention": "workqueue"}), ("I", {"retention": "interest"}),
                         ("M", {"storage": "memory"}), ("K", {"max_msgs_per_subject": 2, "allow_rollup_hdrs": True})):
        client.create_stream(name, subjects=[f"{name}.*"], **config)
        client.create_consumer(name, "C", ack_policy="explicit", ack_wait=3600 * 10**9)
        for number in range(40):
            client.request(f"{name}.{number % 7}", f"body {number}")
        for message in client.pull(name, "C", 10)[2:6]:
            client.answer(client.ask(message.reply, "+ACK"))
        before = state_of(client, name)
        config, archive = backup(client, name, chunk_size=1024)
        client.request(f"$JS.API.STREAM.DELETE.{name}")
        restored(client, name, config, archive)
        expect_equal(state_of(client, name), before)


# -- what is not whole

def saved(world):
    place = Place(world)
    fill(place.client, 3000)
    config, archive = backup(place.client, "S")
    place.client.request("$JS.API.STREAM.DELETE.S")
    until(lambda: not blocks_of(world), "the deleted stream's files to go")
    return place, config, archive


def blocks_of(world):
    return [name for _, _, names in os.walk(world.path("store/midge/streams")) for name in names]


def expect_nothing(world, place):
    client = place.client
    expect(not client.request("$JS.API.STREAM.NAMES")["streams"], "a stream is there")
    info = client.request("$JS.API.INFO")
    expect_equal((info["storage"], info["memory"], info["streams"]), (0, 0, 0))
    until(lambda: not blocks_of(world), "the files to go")


@midge_only
def case_a_killed_restore_leaves_nothing(world):
    """kill -9 in the middle, and before the last chunk: the next start removes what there was."""
    place, config, archive = saved(world)
    for part in (len(archive) // 2, len(archive)):
        put(place.client, begin(place.client, "S", config), archive[:part], 16384)
        place.server.kill()
        place.start()
        expect(place.server.has("was not finished"), place.server.text())
        expect_nothing(world, place)
    restored(place.client, "S", config, archive)


@midge_only
def case_a_restore_ends_with_its_server(world):
    """A server that stops does not wait for the rest of an archive."""
    place, config, archive = saved(world)
    put(place.client, begin(place.client, "S", config), archive[:len(archive) // 2], 16384)
    expect_equal(place.server.stop(), 0)
    place.start()
    expect_nothing(world, place)


@midge_only
def case_an_abandoned_restore_leaves_nothing(world):
    """Nobody sends any more; a part that is not right; an archive that ends too early."""
    place, config, archive = saved(world)
    client = place.client
    begin(client, "S", config)
    put(client, begin(client, "S", config), archive[:len(archive) // 2], 16384)
    place.server.wait_line("is stalled")
    until(lambda: place.server.count("is stalled") == 2, "both to be given up")
    expect_nothing(world, place)
    bad = bytearray(archive)
    bad[len(bad) // 2] ^= 255
    for broken in (bytes(bad), archive[:len(archive) // 2], archive[:-1], b"junk" * 1000, b""):
        answer = restore(client, "S", config, broken, 10000)
        expect_equal(answer["error"]["err_code"], 10062)
        expect_nothing(world, place)
    restored(client, "S", config, archive)


@midge_only
def case_a_restore_beside_a_busy_server(world):
    """Others publish meanwhile, and who takes the name first has it."""
    place, config, archive = saved(world)
    client, other = place.client, StreamClient(place.server.port())
    other.create_stream("O", subjects=["o"])
    subject = begin(client, "S", config)
    start = time.monotonic()
    for at in range(0, len(archive), 4096):
        put(client, subject, archive[at:at + 4096], 4096)
        other.request("o", f"at {at}")
    expect(time.monotonic() - start < 60, "it took too long")
    other.create_stream("S", subjects=["else"])
    expect_equal(client.tell(subject)["error"]["err_code"], 10130)
    other.request("$JS.API.STREAM.DELETE.S")
    restored(client, "S", config, archive)
