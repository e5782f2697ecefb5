# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, seen by nats-py: what was acknowledged is there, once, and what was done stays done.

KILL_ROUNDS kills (3). `kill` on the output asks for one; the server then comes back at the same place."""
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
PUBLISHERS = 200
TROUBLE = (nats.errors.Error, errors.Error, asyncio.TimeoutError, OSError)


class Ledger:
    """What the server has promised: bodies by sequence, and the sequences whose ack it has confirmed."""

    def __init__(self):
        self.sent, self.stored, self.done, self.wrong = 0, {}, set(), []

    def next_body(self):
        self.sent += 1
        return b"%d " % self.sent + os.urandom(random.randrange(1500)).hex().encode()

    def take_ack(self, ack, body):
        if self.stored.setdefault(ack.seq, body) != body:
            self.wrong.append(f"sequence {ack.seq} was promised twice")


async def publish(js, ledger, is_over):
    """One message at a time; one without an answer is published again until it has one."""
    while not is_over():
        body = ledger.next_body()
        name = body.split()[0]
        while True:
            try:
                ack = await js.publish("kill.%d" % (ledger.sent % 10), body, timeout=ATTEMPT_S,
                                       headers={"Nats-Msg-Id": name.decode()})
                break
            except TROUBLE:
                await asyncio.sleep(0.01)
        ledger.take_ack(ack, body)


async def consume(js, ledger, is_over):
    """Waits for the answer to each ack; one whose ack was confirmed does not come again."""
    sub = await js.pull_subscribe("kill.*", durable="worker", stream="KILL")
    while not is_over():
        try:
            msgs = await sub.fetch(100, timeout=1)
        except TROUBLE:
            await asyncio.sleep(0.01)
            continue
        await asyncio.gather(*(finish(msg, ledger) for msg in msgs))


async def finish(msg, ledger):
    sequence = msg.metadata.sequence.stream
    if sequence in ledger.done:
        ledger.wrong.append(f"{sequence} came again after its ack was confirmed")
    if ledger.stored.get(sequence, msg.data) != msg.data:
        ledger.wrong.append(f"{sequence} was delivered with another body than was stored")
    try:
        await msg.ack_sync(ATTEMPT_S)
        ledger.done.add(sequence)
    except TROUBLE:
        pass                    # it may have been taken, or may come again


async def one_round(js, ledger):
    """Full load, a kill in the middle of it, and load until every publisher has had an answer after it."""
    begin, kill_after = len(ledger.stored), random.randrange(200, 4000)
    over = False
    tasks = [asyncio.create_task(publish(js, ledger, lambda: over)) for _ in range(PUBLISHERS)]
    tasks.append(asyncio.create_task(consume(js, ledger, lambda: over)))
    while len(ledger.stored) - begin < kill_after:
        await asyncio.sleep(0.001)
    print("kill", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    over = True
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)


async def check(js, ledger, first):
    """Every promised message from `first` on stands where it was promised, and no message stands twice."""
    state = (await js.stream_info("KILL")).state
    seen = {}
    if state.messages != state.last_seq or state.last_seq < max(ledger.stored):
        ledger.wrong.append(f"{state} beside {max(ledger.stored)} promised")
    sub = await js.subscribe("kill.*", ordered_consumer=True, config=api.ConsumerConfig(
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=first))
    for sequence in range(first, state.last_seq + 1):
        msg = await sub.next_msg(PATIENCE_S)
        name = msg.data.split()[0]
        if msg.metadata.sequence.stream != sequence or ledger.stored.get(sequence, msg.data) != msg.data:
            ledger.wrong.append(f"{sequence} is not what was promised")
        if seen.setdefault(name, sequence) != sequence:
            ledger.wrong.append(f"message {name} stands at {seen[name]} and at {sequence}")
    await sub.unsubscribe()
    return state.last_seq + 1


async def ignore(_error):
    pass


async def main():
    nc = await nats.connect(os.environ["URL_JS"], reconnect_time_wait=0.02, max_reconnect_attempts=-1, error_cb=ignore)
    js, ledger, first = nc.jetstream(timeout=PATIENCE_S), Ledger(), 1
    await js.add_stream(name="KILL", subjects=["kill.*"])
    for _ in range(ROUNDS):
        await one_round(js, ledger)
        first = await check(js, ledger, first)
    await check(js, ledger, 1)
    await nc.close()
    print(f"note: {ROUNDS} kills, {len(ledger.stored)} messages acknowledged, {len(ledger.done)} acks confirmed", flush=True)
    assert not ledger.wrong, ledger.wrong[:20]


try:
    asyncio.run(main())
    print("ok kill", flush=True)
except Exception:               # any failure is the case's
    traceback.print_exc()
    print("not ok kill", flush=True)
