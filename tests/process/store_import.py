# SPDX-License-Identifier: Apache-2.0
"""`store import`: directories that nats-server 2.10, 2.12 and 2.15 wrote, and what of them is there afterwards.

What is right says nats-server 2.15.2, started on a copy of the same directory. A server that is not in build/peer
(tools/peer) leaves its cases out.
"""
import json
import os
import pathlib
import shutil
import subprocess
import time

from harness import Server, World, expect, expect_equal, midge_only, until
from peers import peer
from streams import StreamClient, place as place_of

SERVERS = {"2.10": "nats-server-2.10", "2.12": "nats-server-2.12", "2.15": "nats-server"}
CONFIG = """
listen: "127.0.0.1:-1"
jetstream {{
  store_dir: "{folder}"
  {more}
}}
{accounts}
"""
# nobody says who he is: he is in account A
ACCOUNTS = """
accounts { A { jetstream: enabled, users: [{user: a, password: a}] } }
no_auth_user: a
"""
HOUR = 3600 * 10**9


class Place:
    """A case's world with a nats-server's directory in it."""

    def __init__(self, world, version="2.15", more="", accounts=""):
        self.world, self.version, self.more, self.accounts = world, version, more, accounts
        self.binary = peer(SERVERS[version])
        peer(SERVERS["2.15"])

    def config(self, folder):
        text = CONFIG.format(folder=self.world.path(folder), more=self.more, accounts=self.accounts)
        return self.world.write(f"{folder}.conf", text)

    def start(self, binary, folder):
        world = World.__new__(World)
        world.binary, world.folder, world.started = binary, self.world.folder, []
        server = Server(world, ("-c", self.config(folder)))
        self.world.started.append(server)
        server.wait_line("Server is ready")
        return server

    def fill(self, fill, ends_well=True):
        server = self.start(self.binary, "data")
        client = StreamClient(server.port())
        fill(client, self.version)
        client.close()
        server.stop() if ends_well else server.kill()
        shutil.copytree(self.world.path("data"), self.world.path("theirs"))

    def run_import(self, *flags):
        return self.world.run("store", "import", "-c", self.config("data"), *flags, timeout=60)

    def facts(self, binary, folder):
        server = self.start(binary, folder)
        client = StreamClient(server.port())
        facts = {name: stream_facts(client, name) for name in names(client)}
        client.close()
        expect_equal(server.stop(), 0)
        return facts

    @staticmethod
    def forget(wanted, got):
        """A nats-server that was killed waits for acks of messages that are gone."""
        for key, consumer in wanted.items():
            if key.startswith("consumer "):
                consumer["num_ack_pending"] = min(consumer["num_ack_pending"], got[key]["num_ack_pending"])

    def compare(self, *flags, was_killed=False):
        """Imports, and compares what both servers answer."""
        before = theirs(self.world.path("data"))
        code, out, err = self.run_import(*flags)
        expect_equal((code, err), (0, ""))
        expect(theirs(self.world.path("data")) == before, "nats-server's files have changed")
        wanted = self.facts(peer(SERVERS["2.15"]), "theirs")
        got = self.facts(self.world.binary, "data")
        expect_equal(sorted(got), sorted(wanted))
        for name, stream in wanted.items():
            if was_killed:
                self.forget(stream, got[name])
            if stream["state"]["last_ts"].startswith("0001-"):      # it did not find it when it scanned
                stream["state"]["last_ts"] = got[name]["state"]["last_ts"]
            for key, value in stream.items():
                expect(got[name][key] == value, f"{name}: {key}: got {got[name][key]!r}, wanted {value!r}")
        return out


def tree(folder):
    files = (p for p in pathlib.Path(folder).rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def theirs(folder):
    return {p: b for p, b in tree(folder).items() if p.startswith("jetstream/")}


def names(client):
    return client.request("$JS.API.STREAM.NAMES")["streams"] or []


def without_server(config):
    config["metadata"] = {k: v for k, v in config.get("metadata", {}).items() if not k.startswith("_nats.")}
    return config


def message(client, name, sequence):
    return client.tell(f"$JS.API.STREAM.MSG.GET.{name}", json.dumps({"seq": sequence})).get("message")


def consumer_facts(info):
    for key in ("ts", "cluster", "num_waiting", "push_bound"):
        info.pop(key, None)
    for key in ("delivered", "ack_floor"):
        info[key].pop("last_active", None)
    without_server(info["config"])
    return info


def state_of(state):
    """Two oddities of nats-server aside: what it says of a stream without messages after a restart."""
    if state.get("deleted") == [0]:
        del state["deleted"], state["num_deleted"]
    if state["last_ts"].startswith("1754-"):        # year 1 in nanoseconds
        state["last_ts"] = state["first_ts"]
    return state


def stream_facts(client, name):
    info = client.stream_info(name, deleted_details=True, subjects_filter=">")
    state = state_of(info["state"])
    messages = {n: message(client, name, n) for n in range(state["first_seq"], state["last_seq"] + 1)}
    consumers = client.request(f"$JS.API.CONSUMER.NAMES.{name}")["consumers"] or []
    facts = {f"message {n}": m for n, m in messages.items()}
    facts.update({f"consumer {c}": consumer_facts(client.consumer_info(name, c)) for c in consumers})
    return {"state": state, "created": info["created"], "config": without_server(info["config"]), **facts}


# ---- what is in the directories ----

def publish_all(client, messages):
    """(subject, body, headers) each, all acked."""
    replies = [client.ask(*m) for m in messages]
    for reply in replies:
        answer = json.loads(client.answer(reply).body)
        expect("error" not in answer, answer)


def ask_each(client, requests):
    for subject, body in requests:
        client.request(subject, json.dumps(body))


def fill_orders(client, _version):
    """Headers, ids, deletes of every kind, an ack of everything between."""
    client.create_stream("ORDERS", subjects=["orders.>"])
    publish_all(client, [(f"orders.{i % 5}", f"order {i}", (("Nats-Msg-Id", f"id{i}"), ("Color", "red"))[:i % 3])
                         for i in range(300)])
    ask_each(client, [("$JS.API.STREAM.MSG.DELETE.ORDERS", {"seq": i}) for i in range(100, 120, 3)])
    ask_each(client, [("$JS.API.STREAM.MSG.DELETE.ORDERS", {"seq": i, "no_erase": True}) for i in range(150, 170, 2)])
    ask_each(client, [("$JS.API.STREAM.MSG.DELETE.ORDERS", {"seq": 300}), ("$JS.API.STREAM.PURGE.ORDERS", {"seq": 11}),
                      ("$JS.API.STREAM.PURGE.ORDERS", {"filter": "orders.3", "keep": 20})])
    client.create_stream("GONE", subjects=["gone"])
    publish_all(client, [("gone", "x")] * 7)
    ask_each(client, [("$JS.API.STREAM.PURGE.GONE", {})])
    client.create_stream("LATE", subjects=["late"], first_seq=1000)
    client.create_stream("NEVER", subjects=["never"], description="ä \" <>&")


def fill_blocks(client, _version):
    """Many blocks, compressed ones too, with holes; limits of every kind."""
    for name, compression in (("PLAIN", "none"), ("PACKED", "s2")):
        client.create_stream(name, subjects=[f"{name}.*"], max_bytes=110_000, compression=compression)
        publish_all(client, [(f"{name}.{i % 7}", f"{i} " * 200) for i in range(150)])
        ask_each(client, [(f"$JS.API.STREAM.MSG.DELETE.{name}", {"seq": i, "no_erase": i % 2 == 0})
                          for i in range(80, 140, 4)])
        ask_each(client, [(f"$JS.API.STREAM.PURGE.{name}", {"filter": f"{name}.5"})])
    client.create_stream("KV_b", subjects=["$KV.b.>"], max_msgs_per_subject=3, allow_rollup_hdrs=True,
                         deny_delete=True, discard="new", allow_direct=True)
    publish_all(client, [(f"$KV.b.key{i % 10}", f"value {i}") for i in range(60)])
    publish_all(client, [("$KV.b.key3", "", (("KV-Operation", "DEL"),)),
                         ("$KV.b.key4", "", (("KV-Operation", "PURGE"), ("Nats-Rollup", "sub")))])
    client.create_stream("OBJ_o", subjects=["$O.o.C.>", "$O.o.M.>"], allow_rollup_hdrs=True, discard="new")
    publish_all(client, [("$O.o.C.one", os.urandom(100_000)) for _ in range(5)])
    publish_all(client, [("$O.o.M.b25l", json.dumps({"name": "one"}), (("Nats-Rollup", "sub"),))])
    client.create_stream("YOUNG", subjects=["young"], max_age=HOUR, max_msgs=40)
    publish_all(client, [("young", str(i)) for i in range(100)])


def work(client, stream, consumer, batch, acked=(), naked=()):
    """Pulls; acks and naks the messages at these places."""
    got = client.pull(stream, consumer, batch)
    for i, m in enumerate(got):
        if i in acked:
            client.publish(m.reply, b"+ACK")
        elif i in naked:
            client.publish(m.reply, b"-NAK")
    client.ping()


def fill_consumers(client, _version):
    """Acks pending, floors, redeliveries; work queue and interest."""
    client.create_stream("LOG", subjects=["log.>"])
    publish_all(client, [(f"log.{i % 4}", f"line {i}") for i in range(100)])
    wait = {"ack_wait": HOUR}
    client.create_consumer("LOG", "explicit", ack_policy="explicit", **wait)
    client.create_consumer("LOG", "some", ack_policy="explicit", filter_subject="log.2", max_deliver=5, **wait)
    client.create_consumer("LOG", "all", ack_policy="all", **wait)
    client.create_consumer("LOG", "none", ack_policy="none")
    client.create_consumer("LOG", "new", ack_policy="explicit", deliver_policy="new", **wait)
    client.create_consumer("LOG", "from", ack_policy="explicit", deliver_policy="by_start_sequence", opt_start_seq=40,
                           **wait)
    client.create_consumer("LOG", "idle", ack_policy="explicit", deliver_policy="last_per_subject", filter_subject="log.>",
                           **wait)
    work(client, "LOG", "explicit", 30, acked=(0, 1, 2, 5, 6, 20))
    work(client, "LOG", "some", 8, acked=(0, 3), naked=(1, 2))
    work(client, "LOG", "some", 2, naked=(0,))
    work(client, "LOG", "all", 20, acked=(9,))
    work(client, "LOG", "none", 33)
    work(client, "LOG", "from", 10, acked=range(10))
    client.create_stream("JOBS", subjects=["jobs.*"], retention="workqueue")
    publish_all(client, [(f"jobs.{i % 2}", f"job {i}") for i in range(50)])
    client.create_consumer("JOBS", "even", ack_policy="explicit", filter_subject="jobs.0", **wait)
    client.create_consumer("JOBS", "odd", ack_policy="explicit", filter_subject="jobs.1", **wait)
    work(client, "JOBS", "even", 20, acked=range(0, 20, 2))
    work(client, "JOBS", "odd", 5, acked=(4,), naked=(2,))
    client.create_stream("NEWS", subjects=["news.*"], retention="interest")
    client.create_consumer("NEWS", "a", ack_policy="explicit", **wait)
    client.create_consumer("NEWS", "b", ack_policy="explicit", filter_subject="news.1", **wait)
    publish_all(client, [(f"news.{i % 3}", f"news {i}") for i in range(30)])
    work(client, "NEWS", "a", 12, acked=range(0, 12, 2))
    work(client, "NEWS", "b", 4, acked=(0, 1))
    # progress is written within a tenth of a second, not at once
    until(lambda: client.consumer_info("NEWS", "b")["ack_floor"]["consumer_seq"] == 2, "the acks")


def spend(client, stream, consumer, subject, deliveries):
    """All six of a subject, delivered as often as they may be, and never acked."""
    client.create_consumer(stream, consumer, ack_policy="explicit", max_deliver=deliveries, ack_wait=200 * 10**6,
                           filter_subject=subject)
    got = []

    def is_spent():
        got.extend(client.pull(stream, consumer, 10, expires=50 * 10**6))
        return len(got) == 6 * deliveries and client.consumer_info(stream, consumer)["num_ack_pending"] == 0
    until(is_spent, "all deliveries, and the last wait")


def fill_history(client, _version):
    """A bucket with history, an object store without one object, messages that were given up, two consumers of one interest."""
    client.create_stream("KV_h", subjects=["$KV.h.>"], max_msgs_per_subject=5, allow_rollup_hdrs=True, deny_delete=True,
                         discard="new", allow_direct=True)
    publish_all(client, [(f"$KV.h.key{i % 12}.{i % 2}", f"value {i}") for i in range(96)])
    publish_all(client, [("$KV.h.key1.1", "", (("KV-Operation", "DEL"),)), ("$KV.h.key1.1", "back"),
                         ("$KV.h.key2.0", "", (("KV-Operation", "PURGE"), ("Nats-Rollup", "sub"))),
                         ("$KV.h.key3.1", "", (("KV-Operation", "PURGE"), ("Nats-Rollup", "sub"))), ("$KV.h.key3.1", "anew")])
    client.create_stream("OBJ_s", subjects=["$O.s.C.>", "$O.s.M.>"], allow_rollup_hdrs=True, discard="new", allow_direct=True)
    for name in ("one", "two", "three"):
        publish_all(client, [(f"$O.s.C.nuid{name}", os.urandom(131072 if i < 3 else 777)) for i in range(4)])
        publish_all(client, [(f"$O.s.M.{name}", json.dumps({"name": name, "chunks": 4}), (("Nats-Rollup", "sub"),))])
    publish_all(client, [("$O.s.M.two", json.dumps({"name": "two", "deleted": True}), (("Nats-Rollup", "sub"),))])
    client.request("$JS.API.STREAM.PURGE.OBJ_s", {"filter": "$O.s.C.nuidtwo"})
    for name, retention in (("SPENT", "limits"), ("TOIL", "workqueue"), ("BOTH", "interest")):
        client.create_stream(name, subjects=[f"{name}.*"], retention=retention)
    client.create_consumer("BOTH", "a", ack_policy="explicit", ack_wait=HOUR)
    client.create_consumer("BOTH", "b", ack_policy="explicit", ack_wait=HOUR)
    for name in ("SPENT", "TOIL", "BOTH"):
        publish_all(client, [(f"{name}.{i % 3}", f"{name} {i}") for i in range(20)])
    work(client, "BOTH", "a", 10, acked=(0, 1, 2, 5, 6))
    work(client, "BOTH", "b", 8, acked=(0, 2, 3, 5), naked=(1,))
    spend(client, "SPENT", "never", "SPENT.2", 2)
    spend(client, "SPENT", "once", "SPENT.2", 1)
    spend(client, "TOIL", "worker", "TOIL.2", 2)
    until(lambda: client.stream_info("BOTH")["state"]["messages"] == 17, "what both have acked to go")


def left(place, binary, folder):
    """What consumers are given when the server goes on: how often delivered, and which."""
    server = place.start(binary, folder)
    client = StreamClient(server.port())
    given = {}
    for stream, consumer in (("SPENT", "never"), ("SPENT", "once"), ("TOIL", "worker"), ("BOTH", "a"), ("BOTH", "b")):
        got = client.pull(stream, consumer, 50)
        given[stream, consumer] = [place_of(m) for m in got]
        for m in got:
            client.publish(m.reply, b"+ACK")
        client.ping()
    facts = {name: stream_facts(client, name)["state"] for name in ("SPENT", "TOIL", "BOTH")}
    server.stop()
    return given, {name: [state["messages"], state["first_seq"], state.get("deleted")] for name, state in facts.items()}


def fill_new(client, version):
    """What 2.10 did not have: TTLs, markers, counters, schedules."""
    fill_orders(client, version)
    client.create_stream("TTL", subjects=["ttl.*"], allow_msg_ttl=True, max_age=HOUR,
                         subject_delete_marker_ttl=HOUR)
    publish_all(client, [(f"ttl.{i}", str(i), (("Nats-TTL", ("1h", "never", "7200")[i % 3]),)) for i in range(30)])
    if version == "2.10":
        return
    client.create_stream("COUNT", subjects=["count.*"], allow_msg_counter=True, allow_direct=True)
    publish_all(client, [(f"count.{i % 3}", "", (("Nats-Incr", f"+{i}"),)) for i in range(12)])
    client.create_stream("PLAN", subjects=["plan.>", "done.>"], allow_msg_schedules=True, allow_msg_ttl=True)
    publish_all(client, [("plan.1", "later", (("Nats-Schedule", "@at 2099-01-01T00:00:00Z"),
                                              ("Nats-Schedule-Target", "done.1")))])


def fill_sources(client, _version):
    """A mirror with gaps, a stream with two sources of which one is emptied."""
    client.create_stream("A", subjects=["a.*"])
    client.create_stream("B", subjects=["b.*"])
    publish_all(client, [(f"{'ab'[i % 2]}.{i % 5}", f"{i}") for i in range(60)])
    ask_each(client, [("$JS.API.STREAM.MSG.DELETE.A", {"seq": i}) for i in (3, 4, 9)])
    client.create_stream("MIRROR", mirror={"name": "A"})
    client.create_stream("SUM", sources=[{"name": "A", "filter_subject": "a.1"}, {"name": "B"}])
    until(lambda: client.stream_info("MIRROR")["state"]["last_seq"] == 30, "the mirror")
    until(lambda: client.stream_info("SUM")["state"]["messages"] == 30 + 4, "the sources")


def fill_a_bit(client, _version):
    client.create_stream("ORDERS", subjects=["orders"])
    publish_all(client, [("orders", f"order {i} {'x' * 50}") for i in range(50)])
    client.create_consumer("ORDERS", "c", ack_policy="explicit")


# ---- cases ----

def each_server(function):
    """One case for each server that wrote the directory."""
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
def each_deletes_and_purges(world, version):
    """Erased, deleted and purged messages are gone, all others are there, with times, headers and sequences."""
    Place(world, version).fill(fill_orders)
    Place(world, version).compare()


@each_server
def each_blocks_limits_and_compression(world, version):
    """Streams of many blocks, S2 or not, key-value and object, come over byte for byte."""
    place = Place(world, version)
    place.fill(fill_blocks)
    place.compare()


@each_server
def each_consumers(world, version):
    """Consumers go on where they were: floors, pending acks, redeliveries; work queue and interest too."""
    place = Place(world, version)
    place.fill(fill_consumers)
    place.compare()


@each_server
def each_history_and_what_was_given_up(world, version):
    """Buckets, objects and two consumers of one interest come over; what was delivered often enough is not delivered again."""
    place = Place(world, version)
    place.fill(fill_history)
    place.compare()
    expect_equal(left(place, world.binary, "data"), left(place, peer(SERVERS["2.15"]), "theirs"))


@each_server
def each_consumers_killed(world, version):
    """Of a server that was killed: acks of the last moment are lost, and what is acked and still there goes, as it does there."""
    place = Place(world, version)
    place.fill(fill_consumers, ends_well=False)
    place.compare(was_killed=True)


@each_server
def each_encrypted_with_chacha(world, version):
    """An encrypted store of an account becomes one that is encrypted with the same key."""
    key = 'cipher: "chacha"\n  key: "secret"'
    place = Place(world, version, key, ACCOUNTS)
    place.fill(fill_blocks)
    place.compare()
    for data in tree(world.path("data/midge")).values():
        expect(b"value 59" not in data, "in clear")


@each_server
def each_encrypted_with_aes(world, version):
    """The same with AES, and consumers."""
    place = Place(world, version, 'cipher: "aes"\n  key: "secret"', ACCOUNTS)
    place.fill(fill_consumers)
    place.compare()


@each_server
def each_killed(world, version):
    """After kill -9 index.db is old or absent: the blocks are scanned, and nothing is lost or comes back."""
    place = Place(world, version)
    place.fill(fill_orders, ends_well=False)
    out = place.compare()
    expect("scanned" in out, out)


@midge_only
def case_ttls_counters_and_schedules(world):
    """TTLs, counters and schedules of 2.15 stay what they were."""
    place = Place(world)
    place.fill(fill_new)
    place.compare()


@midge_only
def case_mirrors_and_sources(world):
    """A mirror and a stream with sources have what they had, and draw nothing twice."""
    place = Place(world)
    place.fill(fill_sources)
    place.compare()


@midge_only
def case_damage_is_named_and_stops_the_import(world):
    """A flipped bit is named with file and sequence, and nothing is switched; --damaged imports all the others."""
    place = Place(world)
    place.fill(fill_a_bit)
    block = pathlib.Path(world.path("data"), "jetstream/$G/streams/ORDERS/msgs/1.blk")
    data = bytearray(block.read_bytes())
    data[data.find(b"order 20 ") + 2] ^= 4
    block.write_bytes(data)
    code, out, err = place.run_import()
    expect_equal(code, 1)
    expect("1.blk" in out and "sequence 21" in out, out)
    expect("--damaged" in err, err)
    expect_equal(sorted(os.listdir(world.path("data"))), ["jetstream"])
    code, out, err = place.run_import("--damaged")
    expect_equal((code, err), (0, ""))
    expect("sequence 21" in out and "without what was damaged" in out, out)
    state = place.facts(world.binary, "data")["ORDERS"]["state"]
    expect_equal((state["messages"], state["last_seq"], state["deleted"]), (49, 50, [21]))


@midge_only
def case_damaged_metadata_is_named(world):
    """A stream whose meta.inf does not fit its checksum, or is not there, is named, and not skipped silently."""
    place = Place(world)
    place.fill(fill_a_bit)
    meta = pathlib.Path(world.path("data"), "jetstream/$G/streams/ORDERS/meta.inf")
    meta.write_bytes(meta.read_bytes().replace(b'"max_msgs":-1', b'"max_msgs":99'))
    code, out, _ = place.run_import()
    expect(code == 1 and "meta.inf" in out, out)
    meta.unlink()
    code, out, _ = place.run_import()
    expect(code == 1 and "ORDERS is not imported" in out, out)
    expect_equal(sorted(os.listdir(world.path("data"))), ["jetstream"])


@midge_only
def case_an_index_that_is_gone_or_damaged_costs_nothing(world):
    """Without index.db, and with a damaged one, the blocks say the same."""
    place = Place(world)
    place.fill(fill_orders)
    for index in pathlib.Path(world.path("data")).rglob("index.db"):
        if "ORDERS" in str(index):
            index.unlink()
        else:
            index.write_bytes(index.read_bytes()[:-3] + b"abc")
    place.compare()


@midge_only
def case_the_key_must_fit(world):
    """Without the key, and with another one, it says so and changes nothing."""
    place = Place(world, more='cipher: "chacha"\n  key: "secret"')
    place.fill(fill_a_bit)
    code, _, err = world.run("store", "import", world.path("data"))
    expect(code == 1 and "encrypted" in err and "-c" in err, err)
    place.more = 'cipher: "chacha"\n  key: "other"'
    code, _, err = place.run_import()
    expect(code == 1 and "another key" in err, err)
    expect_equal(sorted(os.listdir(world.path("data"))), ["jetstream"])
    place.more = 'cipher: "aes"\n  key: "new"\n  prev_key: "secret"'
    code, _, err = place.run_import()
    expect_equal((code, err), (0, ""))


@midge_only
def case_what_was_interrupted_begins_anew(world):
    """What an import left that did not come to its end is removed by the next one."""
    place = Place(world)
    place.fill(fill_a_bit)
    left = pathlib.Path(world.path("data"), "midge.import", "midge", "streams")
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    out = place.compare()
    expect("begins anew" in out, out)
    expect_equal(sorted(os.listdir(world.path("data"))), ["jetstream", "midge"])
    code, _, err = place.run_import()
    expect(code == 1 and "there already" in err, err)


@midge_only
def case_the_start_names_the_command_that_works(world):
    """What a refused start tells the operator to type, does it."""
    place = Place(world)
    place.fill(fill_a_bit)
    _, _, err = world.run("-c", place.config("data"))
    expect("midge store import " in err, err)
    folder = err.split("midge store import ")[1].split("`")[0]
    code, out, err = world.run("store", "import", folder)
    expect_equal((code, err), (0, ""))
    expect("1 streams with 50 messages" in out, out)
    expect_equal(list(place.facts(world.binary, "data")), ["ORDERS"])


@midge_only
def case_a_store_dir_that_ends_in_jetstream(world):
    """nats-server leaves the folder `jetstream` out then; so does the import."""
    place = Place(world)
    os.mkdir(world.path("x"))
    place.config = lambda folder: world.write("x.conf", CONFIG.format(folder=world.path("x/jetstream"), more="",
                                                                      accounts=""))
    server = place.start(place.binary, "x")
    client = StreamClient(server.port())
    fill_a_bit(client, "2.15")
    client.close()
    server.stop()
    code, out, err = place.run_import()
    expect_equal((code, err), (0, ""))
    expect("x/jetstream/midge now" in out, out)


@midge_only
def case_nothing_to_import(world):
    """Where no nats-server has streams it says so; an unknown flag gets the usage."""
    os.mkdir(world.path("data"))
    code, _, err = world.run("store", "import", world.path("data"))
    expect(code == 1 and "holds no streams" in err, err)
    code, _, err = world.run("store", "import", "--fast", world.path("data"))
    expect(code == 1 and "Usage: nats-server store" in err, err)


# ---- what a nats-server leaves in the middle of something ----

def batch(client, name, count, commit=None):
    """An atomic batch's messages; without `commit` it is left open."""
    for number in range(1, count + 1):
        headers = [("Nats-Batch-Id", name), ("Nats-Batch-Sequence", str(number))]
        if commit and number == count:
            headers.append(("Nats-Batch-Commit", commit))
        answer = client.answer(client.ask("batch.1", f"{name} {number} " + "x" * 100, headers))
        expect(not answer.body or b"error" not in answer.body, answer)


def linked(folder, copy):
    """Another folder with the same files: what is written to them later is in it, too."""
    shutil.copytree(folder, copy, copy_function=os.link)


def interrupted_batch(world, version, commit, keep, more=""):
    """A directory as kill -9 leaves it while the tenth and last message of a batch is not written yet, nor are some before."""
    place, stream = Place(world, version, more), pathlib.Path(world.path("data"), "jetstream/$G/streams/BATCH")
    server = place.start(place.binary, "data")
    client = StreamClient(server.port())
    client.create_stream("BATCH", subjects=["batch.*"], allow_atomic=True)
    publish_all(client, [("batch.1", "before")] * 3)
    for number in range(1, 10):
        client.ask("batch.1", f"message {number}", (("Nats-Batch-Id", "b"), ("Nats-Batch-Sequence", str(number))))
    client.ping()
    until((stream / "batches").is_dir, "the batch")
    until(lambda: blocks(stream / "batches"), "its block")
    linked(stream / "batches", world.path("batches"))
    answer = client.answer(client.ask("batch.1", "the tenth", (("Nats-Batch-Id", "b"), ("Nats-Batch-Sequence", "10"),
                                                               ("Nats-Batch-Commit", commit))))
    expect(b'"error"' not in answer.body, answer)
    client.close()
    server.kill()
    cut_behind(stream / "msgs" / "1.blk", keep)
    (stream / "msgs" / "index.db").unlink(missing_ok=True)
    shutil.rmtree(stream / "batches", ignore_errors=True)
    shutil.copytree(world.path("batches"), stream / "batches")
    shutil.copytree(world.path("data"), world.path("theirs"))
    return place


def blocks(folder):
    return [path for path in folder.rglob("*.blk") if path.stat().st_size > 0]


def cut_behind(path, count):
    """So many records stay."""
    data, at = path.read_bytes(), 0
    for _ in range(count):
        at += int.from_bytes(data[at:at + 4], "little") & 0x7fffffff
    expect(at < len(data), "the block has no more records than that")
    path.write_bytes(data[:at])


def batch_facts(place, binary, folder):
    """Without times: what follows is stored when the server starts."""
    facts = place.facts(binary, folder)["BATCH"]
    messages = [facts[key] for key in facts if key.startswith("message ")]
    return [{key: value for key, value in m.items() if key != "time"} for m in messages]


def compare_batch(world, version, commit, keep):
    place = interrupted_batch(world, version, commit, keep)
    code, out, err = place.run_import()
    expect_equal((code, err), (0, ""))
    wanted = batch_facts(place, peer(SERVERS["2.15"]), "theirs")
    expect_equal(batch_facts(place, world.binary, "data"), wanted)
    return len(wanted), out


@midge_only
def case_an_atomic_batch_that_was_being_written_is_whole(world):
    """What of a committed batch was not in the stream yet follows, as it does when a nats-server starts."""
    count, out = compare_batch(world, "2.15", "1", keep=3 + 4)
    expect_equal(count, 3 + 10)
    expect("atomic batch" in out, out)


@midge_only
def case_an_atomic_batch_that_ends_apart_is_whole(world):
    """The same of one whose commit is no message of its own."""
    count, _ = compare_batch(world, "2.15", "eob", keep=3 + 4)
    expect_equal(count, 3 + 9)


@midge_only
def case_an_atomic_batch_of_2_12_is_whole(world):
    """The same of the first servers that had them."""
    count, _ = compare_batch(world, "2.12", "1", keep=3 + 9)
    expect_equal(count, 3 + 10)


@midge_only
def case_an_atomic_batch_that_was_not_committed_is_dropped(world):
    """What was gathered and not committed is not in the stream, there and here."""
    def fill(client, _version):
        client.create_stream("BATCH", subjects=["batch.*"], allow_atomic=True)
        publish_all(client, [("batch.1", "before")] * 3)
        batch(client, "open", 9)
        until(lambda: blocks(stream / "batches"), "the open batch's block")
        batch(client, "done", 4, "1")
        until(lambda: b"done 4" in (stream / "msgs" / "1.blk").read_bytes(), "what was committed on the disk")
    place, stream = Place(world), pathlib.Path(world.path("data"), "jetstream/$G/streams/BATCH")
    place.fill(fill, ends_well=False)
    place.compare()
    expect_equal(len(batch_facts(place, world.binary, "data")), 7)


@midge_only
def case_a_store_that_is_not_encrypted_yet(world):
    """A key was set since: a nats-server would encrypt at its next start; here the new store is encrypted."""
    place = Place(world)
    place.fill(fill_blocks)
    place.more = 'cipher: "chacha"\n  key: "secret"'
    place.compare()


@midge_only
def case_blocks_that_are_plain_beside_their_keys(world):
    """A nats-server that is killed while it encrypts what it has leaves plain files beside keys: they are read all the same."""
    place = Place(world)
    place.fill(fill_consumers)
    wanted = place.facts(place.binary, "theirs")
    shutil.rmtree(world.path("theirs"))
    plain = {p: b for p, b in theirs(world.path("data")).items() if p.endswith((".blk", "meta.inf", "meta.sum", "o.dat"))}
    place.more = 'cipher: "aes"\n  key: "secret"'
    place.facts(place.binary, "data")
    chosen = [p for p in plain if "/LOG/" in p or "/JOBS/" in p]
    expect(len(chosen) > 5, chosen)
    for path in chosen:
        target = pathlib.Path(world.path("data"), path)
        expect(target.read_bytes() != plain[path], path, "was not encrypted")
        target.write_bytes(plain[path])
    for index in pathlib.Path(world.path("data")).rglob("index.db"):
        index.unlink()
    code, out, err = place.run_import()
    expect_equal((code, err), (0, ""))
    got = place.facts(world.binary, "data")
    expect_equal(sorted(got), sorted(wanted))
    for name in ("LOG", "JOBS"):        # the others were encrypted, and made anew by that
        for key, value in wanted[name].items():
            expect(got[name][key] == value, f"{name}: {key}: got {got[name][key]!r}, wanted {value!r}")


@midge_only
def case_an_import_that_is_killed_loses_nothing(world):
    """kill -9 at any moment of an import: nats-server's files are as they were, and the next import comes to its end."""
    place = Place(world)

    def fill(client, _version):
        client.create_stream("BIG", subjects=["big.*"])
        for _ in range(20):
            publish_all(client, [(f"big.{i % 7}", "x" * 1000) for i in range(500)])
    place.fill(fill)
    before = theirs(world.path("data"))
    start = time.monotonic()
    shutil.copytree(world.path("data"), world.path("measured"))
    code, _, err = world.run("store", "import", world.path("measured"))
    expect_equal((code, err), (0, ""))
    whole = time.monotonic() - start
    for round_number in range(12):
        process = subprocess.Popen([world.binary, "store", "import", world.path("data")], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(whole * (round_number + 1) / 12)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        expect(theirs(world.path("data")) == before, "nats-server's files have changed")
        if process.returncode == 0:
            break
        expect(not os.path.exists(world.path("data/midge")) or not os.path.exists(world.path("data/midge.import/midge")),
               "there are two stores")
    code, out, err = place.run_import()
    expect(code == 0 or "there already" in err, code, out, err)
    expect_equal(sorted(os.listdir(world.path("data"))), ["jetstream", "midge"])
    expect(theirs(world.path("data")) == before, "nats-server's files have changed")
    state = place.facts(world.binary, "data")["BIG"]["state"]
    expect_equal((state["messages"], state["last_seq"]), (10000, 10000))
