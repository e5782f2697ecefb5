# SPDX-License-Identifier: Apache-2.0
"""What JetStream keeps over a restart and a kill, and what happens to its folder."""
import base64
import json
import os
import random
import signal
import threading
import time

from harness import expect, expect_equal, midge_only, until
from streams import Ended, StreamClient, place

CONFIG = 'listen: "127.0.0.1:-1"\nserver_name: js\njetstream { store_dir: "%s" }\n'
ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
SEED = int(os.environ.get("KILL_SEED", "0")) or random.randrange(1, 1 << 32)


def start(world):
    server = world.start_with(CONFIG % world.path("store"))
    return server, StreamClient(server.port())


def stop(server, hard):
    if hard:
        server.kill()
    else:
        server.stop()


def case_everything_is_there_after_a_restart(world):
    """After a clean stop all is as it was: messages, deleted ones, consumers, ids of messages."""
    keeps_everything(world, hard=False)


def case_everything_is_there_after_a_kill(world):
    """After kill -9, too."""
    keeps_everything(world, hard=True)


def keeps_everything(world, hard):
    server, client = start(world)
    client.create_stream("S", subjects=["s.*"], description="kept", max_msgs_per_subject=3)
    client.create_stream("M", subjects=["m"], storage="memory")
    for number in range(10):
        client.request(f"s.{number % 3}", f"body {number}", [("Nats-Msg-Id", f"id{number}")])
    client.request("m", "gone")
    client.request("$JS.API.STREAM.MSG.DELETE.S", {"seq": 5})
    client.create_consumer("S", "C", ack_policy="explicit")
    messages = client.pull("S", "C", 4)
    for message in messages[1:3]:
        client.answer(client.ask(message.reply, "+ACK"))
    client.answer(client.ask(messages[3].reply, "-NAK"))
    before = client.stream_info("S", deleted_details=True, subjects_filter=">")
    consumer = client.consumer_info("S", "C")
    stop(server, hard)
    _, client = start(world)
    after = client.stream_info("S", deleted_details=True, subjects_filter=">")
    expect_equal(without_clock(after), without_clock(before))
    expect_equal(client.tell("$JS.API.STREAM.INFO.M").get("error", {}).get("err_code"), 10059)
    expect_equal(client.request("$JS.API.STREAM.NAMES")["streams"], ["S"])
    got = client.request("$JS.API.STREAM.MSG.GET.S", {"seq": 9})["message"]
    expect_equal((got["subject"], base64.b64decode(got["data"])), ("s.2", b"body 8"))
    expect("Nats-Msg-Id: id8" in base64.b64decode(got["hdrs"]).decode(), got)
    again = client.request("s.2", "body 8", [("Nats-Msg-Id", "id8")])
    expect_equal(again, {"stream": "S", "seq": 9, "duplicate": True})
    if hard and not world.is_midge:
        return                          # nats-server writes what consumers know some time later
    now = client.consumer_info("S", "C")
    for field in ("config", "created", "num_pending", "num_ack_pending"):
        expect_equal(now[field], consumer[field])
    expect_equal(now["ack_floor"]["stream_seq"], consumer["ack_floor"]["stream_seq"])
    expect_equal(now["delivered"]["stream_seq"], consumer["delivered"]["stream_seq"])


def case_a_work_queue_keeps_what_was_passed_over(world):
    """What a reset and another filter pass over is there after a restart, and what was acked is not."""
    passes_over(world, hard=False)


@midge_only
def case_a_work_queue_keeps_what_was_passed_over_through_a_kill(world):
    """After kill -9, too."""
    passes_over(world, hard=True)


def passes_over(world, hard):
    server, client = start(world)
    client.create_stream("W", subjects=["w.*"], retention="workqueue")
    client.create_consumer("W", "C", ack_policy="explicit", filter_subject="w.a")
    for number in range(8):
        client.request(f"w.{'ab'[number % 2]}", f"{number + 1}")
    for message in client.pull("W", "C", 2):
        client.answer(client.ask(message.reply, "+ACK"))
    expect_equal(client.request("$JS.API.CONSUMER.RESET.W.C", {"seq": 7})["reset_seq"], 7)
    until(lambda: there(client) == [2, 4, 5, 6, 7, 8], "the removal of what was acked")
    stop(server, hard)
    server, client = start(world)
    expect_equal(there(client), [2, 4, 5, 6, 7, 8])
    for message in client.pull("W", "C", 1):
        client.answer(client.ask(message.reply, "+ACK"))
    client.create_consumer("W", "C", ack_policy="explicit", filter_subject="w.*")
    for message in client.pull("W", "C", 1):
        client.answer(client.ask(message.reply, "+ACK"))
    until(lambda: there(client) == [2, 4, 5, 6], "the removal of what was acked")
    stop(server, hard)
    _, client = start(world)
    expect_equal(there(client), [2, 4, 5, 6])


def there(client):
    """The sequences of the work queue; those that are acked have gone when an INFO is answered."""
    state = client.stream_info("W", deleted_details=True)["state"]
    return sorted(set(range(state["first_seq"], state["last_seq"] + 1)) - set(state.get("deleted") or []))


def without_clock(info):
    info = json.loads(json.dumps(info))
    info.pop("ts")
    return info


def case_a_deleted_stream_stays_deleted(world):
    """What is deleted does not come back after a kill, and its name begins anew."""
    server, client = start(world)
    client.create_stream("S", subjects=["s"])
    client.create_stream("T", subjects=["t"])
    for stream in "st":
        client.request(stream, "x")
    client.create_consumer("T", "C", ack_policy="explicit")
    client.request("$JS.API.STREAM.DELETE.S")
    client.request("$JS.API.CONSUMER.DELETE.T.C")
    server.kill()
    server, client = start(world)
    expect_equal(client.request("$JS.API.STREAM.NAMES")["streams"], ["T"])
    expect_equal(client.request("$JS.API.CONSUMER.NAMES.T")["consumers"], [])
    client.create_stream("S", subjects=["s"])
    expect_equal(client.request("s", "y")["seq"], 1)
    client.request("$JS.API.STREAM.PURGE.T")
    server.kill()
    _, client = start(world)
    expect_equal(client.stream_info("S")["state"]["messages"], 1)
    state = client.stream_info("T")["state"]
    expect_equal((state["messages"], state["first_seq"], state["last_seq"]), (0, 2, 1))
    expect_equal(client.request("t", "next")["seq"], 2)


class Ledger:
    """What the server has promised over all rounds of the kill loop: acknowledged messages and acknowledged acks."""

    def __init__(self):
        self.sent, self.promised, self.done, self.maybe_done = [], {}, set(), set()
        self.trouble = None

    def next(self):
        self.sent.append(f"{len(self.sent)} {random.random()} " + "x" * random.randrange(2000))
        return len(self.sent) - 1

    def unanswered(self):
        answered = set(self.promised.values())
        return [number for number in range(len(self.sent)) if number not in answered]


def case_a_kill_at_any_moment_loses_no_promise(world):
    """Rounds of publishing, consuming and kill -9: every acknowledged message stays, once; every confirmed ack, too."""
    random.seed(SEED)
    ledger = Ledger()
    print(f"the kill loop's seed is {SEED}, {ROUNDS} rounds")
    server, client = start(world)
    client.create_stream("S", subjects=["s.*"], allow_direct=True)
    client.create_consumer("S", "C", ack_policy="explicit", max_ack_pending=10000)
    for number in range(ROUNDS):
        work(server, ledger)
        server, client = start(world)
        check(world, client, ledger, f"seed {SEED}, round {number}")
    check_consumer(world, client, ledger)


def work(server, ledger):
    """Publishes and consumes until the server is killed, after a random number of acknowledgements or so many moments."""
    port = server.port()
    enough = random.randrange(1, 800)

    def run(part, *args):
        """Until the server is killed; what goes wrong is the case's, and the end of the round."""
        try:
            part(StreamClient(port), ledger, *args)
        except (Ended, ConnectionError):
            pass
        except Exception as error:      # the case raises it again
            ledger.trouble = error
            server.signal(signal.SIGKILL)
    threads = [threading.Thread(target=run, args=(publish, enough, lambda: server.signal(signal.SIGKILL))),
               threading.Thread(target=run, args=(consume,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.wait()
    if ledger.trouble:
        raise ledger.trouble


def publish(client, ledger, enough, kill):
    """With up to 50 in flight. What an earlier round left without an answer is published again first, with its id."""
    again, flying, answers = ledger.unanswered(), {}, 0
    while True:
        while len(flying) < 50:
            number = again.pop(0) if again else ledger.next()
            flying[client.ask(f"s.{number % 5}", ledger.sent[number], [("Nats-Msg-Id", str(number))])] = number
        message = client.message()
        expect(message.body.startswith(b'{"stream":"S",'), message)
        ledger.promised[json.loads(message.body)["seq"]] = flying.pop(message.subject)
        answers += 1
        if answers == enough:
            kill()


def consume(client, ledger):
    """Acknowledges six of seven messages, and waits for the answer to each ack."""
    while True:
        for message in client.pull("S", "C", 20):
            sequence = place(message)[1]
            if sequence % 7:
                ledger.maybe_done.add(sequence)
                client.answer(client.ask(message.reply, "+ACK"))
                ledger.done.add(sequence)


def check(world, client, ledger, when):
    """Every promised message stands where the server said, and nothing stands twice."""
    state = client.stream_info("S")["state"]
    expect(state["last_seq"] >= max(ledger.promised, default=0), when, state)
    expect_equal((state["first_seq"], state["messages"]), (1, state["last_seq"]))
    inboxes = [client.ask("$JS.API.DIRECT.GET.S", json.dumps({"seq": seq})) for seq in range(1, state["last_seq"] + 1)]
    seen = set()
    for sequence, inbox in enumerate(inboxes, 1):
        message = client.answer(inbox)
        number = int(message.body.split()[0]) if b" " in message.body else -1
        expect(number not in seen, when, f"message {number} is stored twice, again at {sequence}")
        seen.add(number)
        expect_equal(message.body.decode(), ledger.sent[number])
        if sequence in ledger.promised:
            expect(ledger.promised[sequence] == number, when, f"{number} stands at {sequence}, but there was promised",
                   ledger.promised[sequence])


def check_consumer(world, client, ledger):
    """What nobody acknowledged comes again, what was confirmed never does."""
    last = client.stream_info("S")["state"]["last_seq"]
    owed, come = set(range(1, last + 1)) - ledger.maybe_done, set()
    for sequence in owed:
        client.publish(f"$JS.ACK.S.C.1.{sequence}.{sequence}.0.0", "-NAK")

    def all_came():
        for message in client.pull("S", "C", 100):
            come.add(place(message)[1])
            client.answer(client.ask(message.reply, "+ACK"))
        return owed <= come
    until(all_came, "the messages that nobody acknowledged")
    if world.is_midge:                  # nats-server writes what consumers know some time after it confirmed an ack
        expect(not come & ledger.done, "delivered again after a confirmed ack:", sorted(come & ledger.done)[:20])


def case_a_local_schedule_follows_the_zone_of_the_process(world):
    """TZ says what "Local" is; a schedule without a zone is at UTC."""
    server = world.start_with(CONFIG % world.path("store"), env=dict(os.environ, TZ="Asia/Tokyo"))
    client = StreamClient(server.port())
    client.create_stream("S", subjects=["s.*"], allow_msg_schedules=True)
    hour = (int(time.time()) // 3600 + 9) % 24
    cron = f"* * {hour},{(hour + 1) % 24} * * *"
    for name, zone in (("utc", ()), ("local", [("Nats-Schedule-Time-Zone", "Local")])):
        client.request(f"s.{name}", "x", [("Nats-Schedule", cron), ("Nats-Schedule-Target", f"s.from_{name}"), *zone])
    until(lambda: "message" in client.tell("$JS.API.STREAM.MSG.GET.S", {"last_by_subj": "s.from_local"}), "the hour in Tokyo")
    expect("error" in client.tell("$JS.API.STREAM.MSG.GET.S", {"last_by_subj": "s.from_utc"}), "it is another hour at UTC")
