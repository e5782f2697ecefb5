# SPDX-License-Identifier: Apache-2.0
"""What JetStream keeps over a restart and a kill, and what happens to its folder."""
import base64
import json
import os
import random
import signal
import subprocess
import threading
import time

from disk import health
from harness import expect, expect_equal, midge_only, until
from streams import Ended, StreamClient, place

CONFIG = 'listen: "127.0.0.1:-1"\nserver_name: js\njetstream { store_dir: "%s" }\n'
ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
CROWD = int(os.environ.get("CROWD", "10000"))
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
    """Rounds of publishing, consuming and kill -9, also amid starts: every acknowledged message stays, once; every
    confirmed ack, too."""
    goes_round(world, signal.SIGKILL)


def case_a_stop_at_any_moment_loses_no_promise(world):
    """The same with SIGTERM, after which the server exits with 0."""
    goes_round(world, signal.SIGTERM)


def goes_round(world, end):
    random.seed(SEED)
    ledger = Ledger()
    print(f"the loop's seed is {SEED}, {ROUNDS} rounds")
    server, client = start(world)
    client.create_stream("S", subjects=["s.*"], allow_direct=True)
    client.create_consumer("S", "C", ack_policy="explicit", max_ack_pending=10000)
    for number in range(ROUNDS):
        code = work(server, ledger, end)
        expect(end == signal.SIGKILL or not world.is_midge or code == 0, f"it ended with {code}", server.text()[-2000:])
        if random.random() < 0.5:
            begin_and_kill(world)
        server, client = start(world)
        check(world, client, ledger, f"seed {SEED}, round {number}")
    check_consumer(world, client, ledger)


def begin_and_kill(world):
    """A start that is cut off when it has logged so many lines."""
    server, lines = world.start("-c", world.path("server.conf"), ready=False), random.randrange(12)
    until(lambda: server.text().count("\n") >= lines or server.has("Server is ready"), "a start to be amid")
    server.kill()


def load(server, ledger, enough, end):
    """Publishes and consumes until the server ends; `end` is called after so many acknowledgements. The threads."""
    port = server.port()

    def run(part, *args):
        """Until the server ends; what goes wrong is the case's, and the end of the round."""
        try:
            part(StreamClient(port), ledger, *args)
        except (Ended, ConnectionError):
            pass
        except Exception as error:      # the case raises it again
            ledger.trouble = error
            server.signal(signal.SIGKILL)
    threads = [threading.Thread(target=run, args=(publish, enough, end)), threading.Thread(target=run, args=(consume,))]
    for thread in threads:
        thread.start()
    return threads


def work(server, ledger, end):
    """Load until the server gets this signal, after a random number of acknowledgements. The exit code."""
    for thread in load(server, ledger, random.randrange(1, 800), lambda: server.signal(end)):
        thread.join()
    code = server.wait()
    if ledger.trouble:
        raise ledger.trouble
    return code


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


def case_pauses_lose_no_promise(world):
    """SIGSTOP again and again under load: every acknowledged message stays, once and in its place; every confirmed ack, too."""
    ledger = Ledger()
    server, client = start(world)
    client.create_stream("S", subjects=["s.*"], allow_direct=True)
    client.create_consumer("S", "C", ack_policy="explicit", max_ack_pending=10000)
    threads = load(server, ledger, 0, None)
    for seconds in (0.3, 0.01, 3, 0.1):
        before = len(ledger.promised), len(ledger.done)
        until(lambda: ledger.trouble or (len(ledger.promised) > before[0] and len(ledger.done) > before[1]), "acks")
        server.signal(signal.SIGSTOP)
        try:
            server.process.wait(seconds)        # the pause is the point of this case
        except subprocess.TimeoutExpired:
            pass
        server.signal(signal.SIGCONT)
    before = len(ledger.promised)
    until(lambda: ledger.trouble or len(ledger.promised) > before, "acks after the last pause")
    server.stop()
    for thread in threads:
        thread.join()
    if ledger.trouble:
        raise ledger.trouble
    server, client = start(world)
    check(world, client, ledger, "after pauses")
    check_consumer(world, client, ledger)


def ask_all(client, requests):
    """So many calls, 500 at once; none may be refused."""
    waiting = []
    for subject, body in requests:
        waiting.append(client.ask(f"$JS.API.{subject}", json.dumps(body)))
        if len(waiting) == 500:
            answers, waiting = [client.answer(inbox) for inbox in waiting], []
            expect(not any(b'"error"' in answer.body for answer in answers), answers[0])
    answers = [client.answer(inbox) for inbox in waiting]
    expect(not any(b'"error"' in answer.body for answer in answers), answers[:1])


def all_consumers(client):
    """What CONSUMER.LIST tells, by name."""
    found, page = {}, {"total": 1}
    while len(found) < page["total"]:
        page = client.request("$JS.API.CONSUMER.LIST.S", {"offset": len(found)})
        expect(page["consumers"] or page["total"] == 0, len(found), "of", page["total"])
        found.update({info["name"]: info for info in page["consumers"]})
    return found


@midge_only
def case_a_crowd_of_consumers_comes_back(world):
    """CROWD consumers (10 000) are made, are there after a kill, each where it was, are paused as one, and deleted as one."""
    server, client = start(world)
    client.create_stream("S", subjects=["s.*"], max_consumers=CROWD)
    names = [f"C{number:06}" for number in range(CROWD)]
    ask_all(client, ((f"CONSUMER.CREATE.S.{name}", {"stream_name": "S", "config": {
        "name": name, "durable_name": name, "ack_policy": "explicit", "filter_subject": f"s.{name}"}}) for name in names))
    for name in names[::CROWD // 20]:
        client.request(f"s.{name}", "x")
        client.answer(client.ask(client.pull("S", name, 1)[0].reply, "+ACK"))
        client.request(f"s.{name}", "y")
    before = all_consumers(client)
    server.kill()
    server, client = start(world)
    after = all_consumers(client)
    expect_equal(sorted(after), names)
    for name, info in after.items():
        for key in ("config", "created", "ack_floor", "num_pending", "num_ack_pending"):
            was, now = before[name][key], info[key]
            if key == "ack_floor":
                was, now = was["stream_seq"], now["stream_seq"]
            expect(was == now, name, key, was, now)
    ask_all(client, ((f"CONSUMER.PAUSE.S.{name}", {"pause_until": "2099-01-01T00:00:00Z"}) for name in names))
    expect(all(info.get("paused") for info in all_consumers(client).values()), "some are not paused")
    ask_all(client, ((f"CONSUMER.DELETE.S.{name}", {}) for name in names))
    expect_equal(all_consumers(client), {})
    expect_equal(server.stop(), 0)
    _, client = start(world)
    expect_equal(client.request("$JS.API.CONSUMER.NAMES.S")["total"], 0)


@midge_only
def case_in_a_cluster_it_does_not_start(world):
    """Streams are not replicated yet: beside a cluster block nobody serves any, the log and /healthz say so, the rest is
    served, and nothing is made in the folder."""
    config = CONFIG % world.path("store") + 'http: "127.0.0.1:-1"\n'
    for number, block in enumerate(('cluster { name: c, listen: "127.0.0.1:-1" }', "cluster { name: c }")):
        server = world.start("-c", world.write(f"{number}.conf", config + block))
        expect_equal(server.count("[ERR] JetStream does not start: a \"cluster\" block is configured"), 1)
        client = server.client()
        expect(not client.info.get("jetstream"), client.info)
        client.send("SUB re 1\r\nPUB $JS.API.INFO re 0\r\n\r\nPUB re 2\r\nhi\r\n")
        client.wait_for("MSG re 1 2")
        expect_equal(health(server), (503, {"status": "unavailable", "error": "JetStream is not served"}))
        expect_equal(server.stop(), 0)
        expect(not os.path.exists(world.path("store")), "a folder")


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
