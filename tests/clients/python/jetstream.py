# SPDX-License-Identifier: Apache-2.0
"""The JetStream scenarios of README.md with nats-py."""
import asyncio
import hashlib
import os

import nats
from nats.js import api, errors
from cases import PATIENCE_S, run


async def connect():
    nc = await nats.connect(os.environ["URL_JS"], allow_reconnect=False)
    return nc, nc.jetstream(timeout=PATIENCE_S)


async def case_streams():
    """Create, look at, change, list and delete."""
    nc, js = await connect()
    info = await js.add_stream(name="py_streams", subjects=["py.streams.*"], description="one", max_msgs=10)
    assert (info.config.description, info.config.max_msgs, info.state.messages) == ("one", 10, 0), info
    info = await js.update_stream(name="py_streams", subjects=["py.streams.*"], description="two", max_msgs=5)
    assert info.config.description == "two", info
    for number in range(7):
        await js.publish("py.streams.a", b"%d" % number)
    state = (await js.stream_info("py_streams")).state
    assert (state.messages, state.first_seq, state.last_seq) == (5, 3, 7), state
    assert "py_streams" in [info.config.name for info in await js.streams_info()]
    assert await js.find_stream_name_by_subject("py.streams.b") == "py_streams"
    assert (await js.get_msg("py_streams", 4)).data == b"3"
    assert (await js.get_last_msg("py_streams", "py.streams.a")).data == b"6"
    await js.delete_msg("py_streams", 4)
    await fails(js.get_msg("py_streams", 4), errors.NotFoundError)
    assert await js.purge_stream("py_streams")
    assert (await js.stream_info("py_streams")).state.messages == 0
    assert await js.delete_stream("py_streams")
    await fails(js.stream_info("py_streams"), errors.NotFoundError)
    await nc.close()


async def case_publish():
    """Acks, duplicates, expectations, nobody there."""
    nc, js = await connect()
    await js.add_stream(name="py_publish", subjects=["py.publish"])
    ack = await js.publish("py.publish", b"x", headers={"Nats-Msg-Id": "one"})
    assert (ack.stream, ack.seq, ack.duplicate) == ("py_publish", 1, None), ack
    ack = await js.publish("py.publish", b"x", headers={"Nats-Msg-Id": "one"})
    assert (ack.seq, ack.duplicate) == (1, True), ack
    await js.publish("py.publish", b"y", headers={"Nats-Expected-Last-Sequence": "1"})
    await fails(js.publish("py.publish", b"z", headers={"Nats-Expected-Last-Sequence": "1"}), errors.BadRequestError)
    await fails(js.publish("py.publish", b"z", stream="other"), errors.Error)
    await fails(js.publish("py.nobody", b"z"), errors.NoStreamResponseError)
    futures = [await js.publish_async("py.publish", b"%d" % number) for number in range(200)]
    acks = await asyncio.wait_for(asyncio.gather(*futures), PATIENCE_S)
    assert [ack.seq for ack in acks] == list(range(3, 203))
    await nc.close()


async def case_pull():
    """A durable pull consumer: fetch, ack, nak, term, and what is left."""
    nc, js = await connect()
    await js.add_stream(name="py_pull", subjects=["py.pull"])
    for number in range(20):
        await js.publish("py.pull", b"%d" % number)
    sub = await js.pull_subscribe("py.pull", durable="worker", stream="py_pull")
    first = await sub.fetch(5, timeout=PATIENCE_S)
    assert [int(msg.data) for msg in first] == list(range(5))
    assert first[0].metadata.sequence.stream == 1 and first[0].metadata.num_pending == 19, first[0].metadata
    for msg in first[:3]:
        await msg.ack_sync(PATIENCE_S)
    await first[3].nak()
    await first[4].term()
    rest = []
    while len(rest) < 16:               # the one that came back may come after the others
        rest += await sub.fetch(16 - len(rest), timeout=PATIENCE_S)
    assert sorted(int(msg.data) for msg in rest) == [3, *range(5, 20)], rest
    assert [msg.metadata.num_delivered for msg in rest if msg.data == b"3"] == [2]
    for msg in rest:
        await msg.ack_sync(PATIENCE_S)
    info = await sub.consumer_info()
    assert (info.num_pending, info.num_ack_pending, info.ack_floor.stream_seq) == (0, 0, 20), info
    await fails(sub.fetch(1, timeout=0.3), nats.errors.TimeoutError)
    await nc.close()


async def case_push():
    """Push consumers: all messages in order, a queue group, and a durable that goes on where it was."""
    nc, js = await connect()
    await js.add_stream(name="py_push", subjects=["py.push"])
    for number in range(100):
        await js.publish("py.push", b"%d" % number)
    sub = await js.subscribe("py.push", durable="lasting")
    for number in range(60):
        msg = await sub.next_msg(PATIENCE_S)
        assert int(msg.data) == number
        await msg.ack_sync(PATIENCE_S)
    await sub.unsubscribe()
    got, all_there = [], asyncio.Event()

    async def take(msg):
        got.append(int(msg.data))
        if len(got) == 100:
            all_there.set()
    for _ in range(3):
        await js.subscribe("py.push", queue="group", cb=take)
    await asyncio.wait_for(all_there.wait(), PATIENCE_S)
    assert sorted(got) == list(range(100))
    await nc.close()


async def case_ordered():
    """An ordered consumer gives everything in order, in blocks larger than a flow control window."""
    nc, js = await connect()
    await js.add_stream(name="py_ordered", subjects=["py.ordered"])
    body = os.urandom(20000)
    for _ in range(300):
        await js.publish("py.ordered", body)
    sub = await js.subscribe("py.ordered", ordered_consumer=True)
    for number in range(300):
        msg = await sub.next_msg(PATIENCE_S)
        assert msg.metadata.sequence.stream == number + 1 and msg.data == body
    await nc.close()


async def case_kv():
    nc, js = await connect()
    kv = await js.create_key_value(bucket="py_kv", history=5)
    assert await kv.put("a.b", b"one") == 1
    assert await kv.create("new", b"first") == 2
    await fails(kv.create("new", b"again"), errors.KeyWrongLastSequenceError)
    assert await kv.update("a.b", b"two", last=1) == 3
    await fails(kv.update("a.b", b"three", last=1), errors.KeyWrongLastSequenceError)
    entry = await kv.get("a.b")
    assert (entry.value, entry.revision) == (b"two", 3), entry
    assert (await kv.get("a.b", revision=1)).value == b"one"
    watcher = await kv.watchall()
    seen = [await watcher.updates(timeout=PATIENCE_S) for _ in range(3)]
    assert [e and e.key for e in seen] == ["new", "a.b", None], seen
    await kv.delete("new")
    change = await watcher.updates(timeout=PATIENCE_S)
    assert (change.key, change.operation) == ("new", "DEL"), change
    await watcher.stop()
    await fails(kv.get("new"), errors.KeyNotFoundError)
    assert await kv.create("new", b"back") == 5
    assert sorted(await kv.keys()) == ["a.b", "new"]
    assert [entry.value for entry in await kv.history("a.b")] == [b"one", b"two"]
    await kv.purge("a.b")
    assert [entry.operation for entry in await kv.history("a.b")] == ["PURGE"]
    status = await kv.status()
    assert (status.bucket, status.values, status.history) == ("py_kv", 4, 5), status
    assert await js.delete_key_value("py_kv")
    await nc.close()


async def case_object():
    nc, js = await connect()
    store = await js.create_object_store(bucket="py_object")
    body = os.urandom(700000)
    info = await store.put("dir/a file.bin", body)
    assert (info.size, info.chunks) == (len(body), 6), info
    got = await store.get("dir/a file.bin")
    assert got.data == body and got.info.digest == info.digest
    assert info.digest.startswith("SHA-256=") and hashlib.sha256(got.data).digest() == hashlib.sha256(body).digest()
    await store.put("small", b"tiny")
    assert sorted(entry.name for entry in await store.list()) == ["dir/a file.bin", "small"]
    await store.delete("small")
    await fails(store.get("small"), errors.ObjectNotFoundError)
    status = await store.status()
    assert status.bucket == "py_object" and status.size > len(body), status
    assert await js.delete_object_store("py_object")
    await nc.close()


async def case_limits():
    """Full streams and interest say no in the client's words."""
    nc, js = await connect()
    await js.add_stream(name="py_full", subjects=["py.full"], max_msgs=2, discard=api.DiscardPolicy.NEW)
    for _ in range(2):
        await js.publish("py.full", b"x")
    await fails(js.publish("py.full", b"x"), errors.APIError)
    await js.add_stream(name="py_work", subjects=["py.work"], retention=api.RetentionPolicy.WORK_QUEUE)
    await js.publish("py.work", b"x")
    sub = await js.pull_subscribe("py.work", durable="w")
    await (await sub.fetch(1, timeout=PATIENCE_S))[0].ack_sync(PATIENCE_S)
    assert (await js.stream_info("py_work")).state.messages == 0
    await nc.close()


async def fails(awaitable, kind):
    try:
        got = await awaitable
    except kind:
        return
    raise AssertionError(f"it did not fail: {got}")


asyncio.run(run(globals()))
