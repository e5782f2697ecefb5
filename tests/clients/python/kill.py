# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, seen by nats-py: what was acknowledged is there, once, and what was done stays done.

Streams of all kinds at once. KILL_ROUNDS kills (3). `kill` on the output asks for one; the server then comes back at the same
place."""
import asyncio
import os
import random
import sys
import traceback

import nats
import nats.errors
from nats.js import api, errors

PATIENCE_S = 60
ATTEMPT_S = 5               # for one try at something that a kill may cut off
ROUNDS = int(os.environ.get("KILL_ROUNDS", "3"))
PUBLISHERS = 40             # of each stream
AT_ONCE = 500               # requests in flight when a stream is read message by message
TROUBLE = (nats.errors.Error, errors.Error, asyncio.TimeoutError, OSError)


class Stream:
    """One stream: what makes it, who consumes it, and what the server has promised: bodies by sequence, and the sequences
    whose ack it has confirmed to each consumer."""

    def __init__(self, name, *consumers, is_kept=True, **config):
        self.name, self.is_kept = name, is_kept
        self.config = api.StreamConfig(name=name, subjects=[f"{name}.*"], allow_direct=True, **config)
        self.wrong, self.sent, self.checked = [], 0, 1
        self.is_removed_from = config.get("retention") is not None
        self.stored, self.places = {}, {}
        self.tried, self.done = {c: set() for c in consumers}, {c: set() for c in consumers}

    def next_body(self):
        self.sent += 1
        return b"%d " % self.sent + os.urandom(random.randrange(1500)).hex().encode()

    def claim(self, is_so, text):
        if not is_so:
            self.wrong.append(f"{self.name}: {text}")

    def take_ack(self, sequence, body):
        self.claim(self.stored.setdefault(sequence, body) == body, f"sequence {sequence} was promised twice")

    def take(self, sequence, body):
        """A message that was read or delivered."""
        name = body.split()[0]
        self.claim(self.stored.get(sequence, body) == body, f"{sequence} is not what was promised")
        self.claim(self.places.setdefault(name, sequence) == sequence,
                   f"message {name} stands at {self.places[name]} and at {sequence}")

    def owes(self, sequence):
        """It was stored, and not every consumer can have finished it."""
        is_finished = self.tried and all(sequence in tried for tried in self.tried.values())
        return sequence in self.stored and not (self.is_removed_from and is_finished)

    def is_over(self, sequence):
        """Nobody needs it any more, and that was confirmed."""
        return self.is_removed_from and all(sequence in done for done in self.done.values())

    def forget(self):
        """It was in memory, and its server is gone."""
        self.stored, self.places, self.checked = {}, {}, 1


STREAMS = (
    Stream("LIMITS", "worker"),
    Stream("PACKED", compression=api.StoreCompression.S2),
    Stream("QUEUE", "worker", retention=api.RetentionPolicy.WORK_QUEUE),
    Stream("INTEREST", "first", "second", retention=api.RetentionPolicy.INTEREST),
    Stream("MEMORY", is_kept=False, storage=api.StorageType.MEMORY),
)


async def make(js, stream):
    """Until it is there: in the turn of a kill a request may find nobody."""
    while True:
        try:
            await js.add_stream(stream.config)
            for name in stream.done:
                await js.add_consumer(stream.name, durable_name=name, ack_policy=api.AckPolicy.EXPLICIT, max_ack_pending=-1)
            return
        except TROUBLE:
            await asyncio.sleep(0.01)


async def publish(js, stream, is_over):
    """One message at a time; one without an answer is published again until it has one."""
    while not is_over():
        body = stream.next_body()
        name = body.split()[0]
        while True:
            try:
                ack = await js.publish(f"{stream.name}.{stream.sent % 10}", body, timeout=ATTEMPT_S,
                                       headers={"Nats-Msg-Id": name.decode()})
                break
            except TROUBLE:
                await asyncio.sleep(0.01)
        stream.take_ack(ack.seq, body)


async def consume(js, stream, consumer, is_over):
    """Waits for the answer to each ack; one whose ack was confirmed does not come again."""
    sub = await js.pull_subscribe_bind(durable=consumer, stream=stream.name)
    while not is_over():
        try:
            msgs = await sub.fetch(100, timeout=1)
        except TROUBLE:
            await asyncio.sleep(0.01)
            continue
        await asyncio.gather(*(finish(msg, stream, consumer) for msg in msgs))


async def finish(msg, stream, consumer):
    sequence = msg.metadata.sequence.stream
    stream.claim(sequence not in stream.done[consumer], f"{sequence} came again after its ack was confirmed")
    stream.take(sequence, msg.data)
    stream.tried[consumer].add(sequence)
    try:
        await msg.ack_sync(ATTEMPT_S)
        stream.done[consumer].add(sequence)
    except TROUBLE:
        pass                    # it may have been taken, or may come again


def stored_in_all():
    return sum(len(stream.stored) for stream in STREAMS)


async def one_round(js):
    """Full load, a kill in the middle of it, and load until every publisher has had an answer after it."""
    enough = stored_in_all() + random.randrange(200, 4000)
    over = False
    tasks = [asyncio.create_task(publish(js, stream, lambda: over)) for stream in STREAMS for _ in range(PUBLISHERS)]
    tasks += [asyncio.create_task(consume(js, stream, consumer, lambda: over))
              for stream in STREAMS for consumer in stream.done]
    while stored_in_all() < enough:
        await asyncio.sleep(0.001)
    print("kill", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for stream in STREAMS:
        if not stream.is_kept:
            stream.forget()
            await make(js, stream)
    over = True
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)


async def check(js, stream, first):
    """Every promised message from `first` on stands where it was promised, unless all is done with it."""
    state = (await js.stream_info(stream.name)).state
    stream.claim(state.last_seq >= max(stream.stored, default=0), f"{state} beside {max(stream.stored, default=0)} promised")
    for begin in range(first, state.last_seq + 1, AT_ONCE):
        block = range(begin, min(begin + AT_ONCE, state.last_seq + 1))
        await asyncio.gather(*(check_one(js, stream, sequence) for sequence in block))
    return state.last_seq + 1


async def check_one(js, stream, sequence):
    try:
        msg = await js.get_msg(stream.name, sequence, direct=True)
    except errors.NotFoundError:
        stream.claim(not stream.owes(sequence) and stream.is_removed_from, f"{sequence} is missing")
        return
    stream.claim(not stream.is_over(sequence), f"{sequence} is there after its last ack was confirmed")
    stream.take(sequence, msg.data)


async def ignore(_error):
    pass


async def main():
    nc = await nats.connect(os.environ["URL_JS"], reconnect_time_wait=0.02, max_reconnect_attempts=-1, error_cb=ignore)
    js = nc.jetstream(timeout=PATIENCE_S)
    for stream in STREAMS:
        await make(js, stream)
    for _ in range(ROUNDS):
        await one_round(js)
        for stream in STREAMS:
            stream.checked = await check(js, stream, stream.checked)
    for stream in STREAMS:
        await check(js, stream, 1)
    await nc.close()
    confirmed = sum(len(done) for stream in STREAMS for done in stream.done.values())
    print(f"note: {ROUNDS} kills, {stored_in_all()} messages acknowledged, {confirmed} acks confirmed", flush=True)
    wrong = [text for stream in STREAMS for text in stream.wrong]
    assert not wrong, (len(wrong), wrong[:20])


try:
    asyncio.run(main())
    print("ok kill", flush=True)
except Exception:               # any failure is the case's
    traceback.print_exc()
    print("not ok kill", flush=True)
