# SPDX-License-Identifier: Apache-2.0
"""The scenarios of README.md with nats-py."""
import asyncio
import os
import ssl

import nats
import nats.errors
from cases import PATIENCE_S, run

OPEN, AUTH, TLS, WS, WSS = (os.environ[f"URL_{name}"] for name in ("OPEN", "AUTH", "TLS", "WS", "WSS"))


async def connect(url=OPEN, **options):
    return await nats.connect(url, allow_reconnect=options.pop("allow_reconnect", False), **options)


def authority():
    return ssl.create_default_context(cafile=os.environ["CA_FILE"])


async def echo(nc, subject="greet"):
    """One message there and back."""
    sub = await nc.subscribe(subject)
    await nc.publish(subject, b"hello")
    msg = await sub.next_msg(PATIENCE_S)
    assert (msg.subject, msg.data) == (subject, b"hello"), msg
    await sub.unsubscribe()


async def case_connect():
    nc = await connect(name="python")
    assert nc.connected_server_version.major == 2
    assert nc.max_payload == 1048576
    await nc.flush(PATIENCE_S)
    await nc.close()


async def case_publish_subscribe():
    nc = await connect()
    sub = await nc.subscribe("many")
    for number in range(1000):
        await nc.publish("many", b"%d" % number)
    got = [int((await sub.next_msg(PATIENCE_S)).data) for _ in range(1000)]
    assert got == list(range(1000)), got
    await nc.close()


async def case_wildcards():
    nc = await connect()
    star, rest = await nc.subscribe("w.*.c"), await nc.subscribe("w.>")
    for subject in ("w.a.c", "w.a.d", "v.a.c", "w.b.c.d", "w.b.c"):
        await nc.publish(subject, subject.encode())
    got = [(await rest.next_msg(PATIENCE_S)).subject for _ in range(4)]
    assert got == ["w.a.c", "w.a.d", "w.b.c.d", "w.b.c"], got
    got = [(await star.next_msg(PATIENCE_S)).subject for _ in range(2)]
    assert got == ["w.a.c", "w.b.c"] and star.pending_msgs == 0, got
    await nc.close()


async def case_queue_group():
    nc, seen, done = await connect(), {0: [], 1: [], 2: []}, asyncio.Event()

    def worker(member):
        async def take(msg):
            seen[member].append(int(msg.data))
            if sum(len(s) for s in seen.values()) == 300:
                done.set()
        return take

    for member in seen:
        await nc.subscribe("jobs", queue="workers", cb=worker(member))
    await nc.flush(PATIENCE_S)
    for number in range(300):
        await nc.publish("jobs", b"%d" % number)
    await asyncio.wait_for(done.wait(), PATIENCE_S)
    await nc.flush(PATIENCE_S)
    assert sorted(n for numbers in seen.values() for n in numbers) == list(range(300))
    assert all(seen.values()), seen
    await nc.close()


async def case_request_reply():
    asker, answerer = await connect(), await connect()

    async def answer(msg):
        await msg.respond(b"re: " + msg.data)

    await answerer.subscribe("ask", cb=answer)
    await answerer.flush(PATIENCE_S)
    got = await asyncio.gather(*(asker.request("ask", b"%d" % n, timeout=PATIENCE_S) for n in range(50)))
    assert [m.data for m in got] == [b"re: %d" % n for n in range(50)]
    assert (await asker.request("ask", b"old", timeout=PATIENCE_S, old_style=True)).data == b"re: old"
    await asker.close()
    await answerer.close()


async def case_no_responders():
    nc = await connect()
    try:
        await nc.request("nobody", b"", timeout=PATIENCE_S)
        raise AssertionError("there was an answer")
    except nats.errors.NoRespondersError:
        pass
    await nc.close()


async def case_headers():
    nc = await connect()
    sub = await nc.subscribe("h")
    await nc.publish("h", b"body", headers={"Plain": "one", "Late-Name": "two words"})
    msg = await sub.next_msg(PATIENCE_S)
    assert msg.data == b"body"
    assert msg.headers == {"Plain": "one", "Late-Name": "two words"}, msg.headers
    await nc.close()


async def case_drain():
    closed, got = asyncio.Event(), []

    async def on_closed():
        closed.set()

    async def slow(msg):
        await asyncio.sleep(0)
        got.append(msg.data)

    nc, other = await connect(closed_cb=on_closed), await connect()
    await nc.subscribe("drained", cb=slow)
    await nc.flush(PATIENCE_S)
    for _ in range(200):
        await other.publish("drained", b"x")
    await other.flush(PATIENCE_S)
    await nc.drain()
    await asyncio.wait_for(closed.wait(), PATIENCE_S)
    assert len(got) == 200, len(got)
    await other.close()


async def case_reconnect():
    back = asyncio.Event()

    async def on_back():
        back.set()

    nc = await connect(allow_reconnect=True, reconnect_time_wait=0.1, max_reconnect_attempts=-1,
                       reconnected_cb=on_back, error_cb=ignore)
    sub = await nc.subscribe("again")
    await nc.flush(PATIENCE_S)
    print("restart", flush=True)
    await asyncio.wait_for(back.wait(), PATIENCE_S)
    await nc.publish("again", b"kept")
    assert (await sub.next_msg(PATIENCE_S)).data == b"kept"
    await nc.close()


async def ignore(_error):
    pass


async def case_tls():
    nc = await connect(TLS, tls=authority())
    assert nc.connected_url.scheme == "tls" or nc._server_info["tls_required"]
    await echo(nc)
    await nc.close()
    try:
        await connect(TLS, tls=ssl.create_default_context(), error_cb=ignore)
        raise AssertionError("a certificate of an unknown authority was accepted")
    except (ssl.SSLError, nats.errors.Error):
        pass


async def case_user_password():
    nc = await connect(AUTH, user="anna", password="s3cret")
    await echo(nc)
    await nc.close()
    for options in ({"user": "anna", "password": "wrong"}, {}):
        try:
            await connect(AUTH, error_cb=ignore, **options)
            raise AssertionError(f"{options} was let in")
        except nats.errors.Error as error:
            assert "authorization violation" in str(error).lower(), error


async def case_nkey():
    nc = await connect(AUTH, nkeys_seed_str=os.environ["NKEY_SEED"])
    await echo(nc)
    await nc.close()


async def case_websocket():
    nc = await connect(WS)
    await echo(nc)
    await nc.publish("large", b"x" * 500000)
    await nc.flush(PATIENCE_S)
    await nc.close()


async def case_websocket_tls():
    nc = await connect(WSS, tls=authority())
    await echo(nc)
    await nc.close()


asyncio.run(run(globals()))
