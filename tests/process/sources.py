# SPDX-License-Identifier: Apache-2.0
"""Mirrors and sources over the end of a server: what their origins keep is there once, in order, and nothing is missing."""
import base64
import json
import random
import signal

from harness import expect, expect_equal, midge_only, until
from jetstream import ROUNDS, SEED, start
from streams import Ended

SUBJECTS = ("o.1", "o.2", "p.1", "p.2", "q.1")


def build(client):
    """Origins O, P and the work queue Q; M mirrors O, S draws from O and P, D takes what is in Q."""
    client.create_stream("O", subjects=["o.*"])
    client.create_stream("P", subjects=["p.*"], compression="s2")
    client.create_stream("Q", subjects=["q.*"], retention="workqueue")
    client.create_stream("M", mirror={"name": "O"})
    client.create_stream("S", sources=[{"name": "O", "filter_subject": "o.1"},
                                       {"name": "P", "subject_transforms": [{"src": "p.*", "dest": "s.$1"}]}])
    client.create_stream("D", sources=[{"name": "Q"}])


def publish(client, promised, enough, end):
    """With up to 50 in flight; `end` is called after so many acks, and the server's end ends it."""
    flying, answers = {}, 0
    while True:
        while len(flying) < 50:
            body = f"{random.getrandbits(64)} " + "x" * random.randrange(2000)
            flying[client.ask(random.choice(SUBJECTS), body)] = body
        message = client.message()
        answer = json.loads(message.body)
        expect("error" not in answer, answer)
        promised[answer["stream"], answer["seq"]] = flying.pop(message.subject)
        answers += 1
        if answers == enough:
            end()


def read(client, stream):
    """The messages that are there, by sequence, as the API shows them; `body` is its text."""
    state = client.stream_info(stream)["state"]
    found, numbers = {}, range(state["first_seq"], state["last_seq"] + 1)
    for at in range(0, len(numbers), 500):
        asked = [(number, client.ask(f"$JS.API.STREAM.MSG.GET.{stream}", json.dumps({"seq": number})))
                 for number in numbers[at:at + 500]]
        for number, inbox in asked:
            message = json.loads(client.answer(inbox).body).get("message")
            if message:
                found[number] = {**message, "body": base64.b64decode(message.get("data", "")).decode()}
    return found


def drawn(messages, origin):
    """What was drawn from there: (sequence of the origin, body), in the order in which it is stored."""
    for message in messages.values():
        for line in base64.b64decode(message["hdrs"]).decode().splitlines():
            words = line.split(" ")
            if words[0] == "Nats-Stream-Source:" and words[1] == origin:
                yield int(words[2]), message["body"]


def last_of(client, stream):
    return client.stream_info(stream)["state"]["last_seq"]


def wait_until_drawn(client):
    until(lambda: last_of(client, "M") == last_of(client, "O"), "the mirror", 90)
    until(lambda: client.stream_info("Q")["state"]["messages"] == 0, "the work queue to be taken", 90)
    wanted = client.stream_info("O", subjects_filter="o.1")["state"].get("subjects", {}).get("o.1", 0) + last_of(client, "P")
    until(lambda: client.stream_info("S")["state"]["messages"] >= wanted, "the sources", 90)


def check(client, promised):
    stored = {stream: read(client, stream) for stream in "OPMSD"}
    for (stream, number), body in promised.items():
        if stream != "Q":
            expect_equal(stored[stream][number]["body"], body)
    expect(stored["M"] == stored["O"], "the mirror is another stream")
    for origin, wanted in (("O", lambda m: m["subject"] == "o.1"), ("P", lambda _: True)):
        got = list(drawn(stored["S"], origin))
        expect_equal([number for number, _ in got], [n for n, m in stored[origin].items() if wanted(m)])
        for number, body in got:
            expect_equal(body, stored[origin][number]["body"])
    taken = list(drawn(stored["D"], "Q"))
    numbers = [number for number, _ in taken]
    expect_equal(numbers, sorted(set(numbers)))
    expect_equal(len(taken), len(stored["D"]))
    for (stream, number), body in promised.items():
        expect(stream != "Q" or dict(taken).get(number) == body, f"message {number} of the work queue is lost")


def goes_round(world, end):
    """Rounds of full load and an end in the midst of it."""
    random.seed(SEED)
    print(f"the seed is {SEED}, {ROUNDS} rounds")
    server, client = start(world)
    build(client)
    promised = {}
    for _ in range(ROUNDS):
        try:
            publish(client, promised, random.randrange(1, 1500), lambda: server.signal(end))
        except (Ended, ConnectionError):
            pass
        server.wait()
        server, client = start(world)
    wait_until_drawn(client)
    check(client, promised)
    expect_equal(server.stop(), 0)


@midge_only
def case_mirrors_and_sources_go_on_after_a_kill(world):
    """After kill -9 amid publishing a mirror becomes its origin to the byte, each message of an origin is drawn once and in
    order, and what a source has taken from a work queue is there."""
    goes_round(world, signal.SIGKILL)


@midge_only
def case_mirrors_and_sources_go_on_after_a_stop(world):
    """After SIGTERM, too."""
    goes_round(world, signal.SIGTERM)
