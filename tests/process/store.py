# SPDX-License-Identifier: Apache-2.0
"""The store on a real disk: what was acked is there after a kill, rot is named, a foreign store is left alone."""
import json
import os
import pathlib

from harness import expect, expect_equal, midge_only, until

CONFIG = """
listen: "127.0.0.1:-1"
jetstream {{
  store_dir: "{folder}"
  {more}
}}
"""


def start(world, more=""):
    return world.start_with(CONFIG.format(folder=world.path("data"), more=more))


def request(client, subject, body=""):
    """The answer to one request, as JSON."""
    client.send(f"SUB _INBOX.one 1\r\nUNSUB 1 1\r\nPUB {subject} _INBOX.one {len(body)}\r\n{body}\r\n")
    client.wait_for("MSG _INBOX.one 1 ")
    return json.loads(client.line())


def fill(server, name, count, size=100):
    """A file stream with so many acked messages."""
    client = server.client()
    answer = request(client, f"$JS.API.STREAM.CREATE.{name}", json.dumps({"name": name, "subjects": [f"{name}.*"]}))
    expect("error" not in answer, answer)
    for i in range(count):
        answer = request(client, f"{name}.{i % 7}", "x" * size)
        expect_equal(answer.get("seq"), i + 1)
    client.close()


def messages(server, name):
    client = server.client()
    answer = request(client, f"$JS.API.STREAM.INFO.{name}")
    client.close()
    return answer["state"]["messages"] if "state" in answer else answer


def store_files(world, folder):
    return sorted(p for p in pathlib.Path(world.path("data"), "midge", folder).rglob("*") if p.is_file())


def journal_of(world):
    """The segment that holds the messages."""
    return max(store_files(world, "journal"), key=lambda p: p.read_bytes().count(b"x"))


def flip(path, at):
    """Two bits: one would be set right."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 12]))


def what_survives(world, more=""):
    server = start(world, more)
    fill(server, "ORDERS", 50)
    server.kill()
    server = start(world, more)
    expect_equal(messages(server, "ORDERS"), 50)
    expect_equal(server.stop(), 0)
    server = start(world, more)
    expect_equal(messages(server, "ORDERS"), 50)
    server.kill()


def case_acked_messages_survive_a_kill_and_a_stop(world):
    """What was acked is there after SIGKILL, and after a clean stop."""
    what_survives(world)


@midge_only
def case_also_when_the_store_is_encrypted(world):
    """The same with a key; another key is refused, and changes nothing; the text stands nowhere."""
    key = 'cipher: "chacha"\n  key: "secret"'
    what_survives(world, key)
    for path in store_files(world, ""):
        expect(b"xxxxxxxx" not in path.read_bytes(), path)
    config = world.write("other.conf", CONFIG.format(folder=world.path("data"), more='cipher: "chacha"\n  key: "other"'))
    code, _, err = world.run("-c", config)
    expect(code == 1 and "encrypted with another key" in err, code, err)
    config = world.write("key.conf", CONFIG.format(folder=world.path("data"), more=key))
    code, out, err = world.run("store", "check", "-c", config)
    expect_equal((code, err), (0, ""))
    expect(": 0 damaged" in out, out)
    code, out, err = world.run("store", "check", world.path("data"))
    expect(code == 1 and "encrypted" in err, out, err)


@midge_only
def case_a_change_of_cipher_or_key_at_a_restart_just_works(world):
    """Plain, then with a key, then another cipher and key: messages stay, and all comes under the new one while it serves."""
    server = start(world)
    fill(server, "ORDERS", 50, size=2000)
    server.kill()
    expect(any(b"xxxxxxxx" in path.read_bytes() for path in store_files(world, "")), "nothing is plain")
    for more in ('cipher: "chacha"\n  key: "first"', 'cipher: "aes"\n  key: "second"\n  prev_key: "first"'):
        server = start(world, more)
        expect_equal(messages(server, "ORDERS"), 50)
        server.wait_line("all that the store holds is written with the cipher of the configuration")
        expect_equal(messages(server, "ORDERS"), 50)
        server.kill()
        for path in store_files(world, ""):
            expect(b"xxxxxxxx" not in path.read_bytes(), path)
    server = start(world, 'cipher: "aes"\n  key: "second"')
    expect_equal(messages(server, "ORDERS"), 50)
    expect(not server.has("cipher has changed"), server.text())
    expect_equal(server.stop(), 0)


@midge_only
def case_store_check_reads_a_store_and_changes_nothing(world):
    """`store check` says that a whole store is whole, and leaves every byte as it is."""
    server = start(world)
    fill(server, "ORDERS", 40)
    server.kill()
    before = {p: p.read_bytes() for p in store_files(world, "")}
    for folder in ("data", "data/midge"):
        code, out, err = world.run("store", "check", world.path(folder))
        expect_equal((code, err), (0, ""))
        expect("1 streams" in out and ": 0 damaged" in out, out)
    expect_equal({p: p.read_bytes() for p in store_files(world, "")}, before)


@midge_only
def case_store_check_names_what_is_damaged(world):
    """A flipped bit of the journal is named with stream and sequences, and the exit code is 1."""
    server = start(world)
    fill(server, "ORDERS", 20, size=400)
    server.kill()
    path = journal_of(world)
    flip(path, path.read_bytes().find(b"x" * 300))
    code, out, err = world.run("store", "check", world.path("data"))
    expect(code == 1 and "the store is damaged" in err, code, err)
    expect("damaged: journal: batch" in out and "sequences" in out, out)


@midge_only
def case_what_a_cut_journal_has_lost_is_told_by_sequence(world):
    """The end of the journal is cut off, mark and all: the messages in it are lost by name, and their sequences stay theirs."""
    server = start(world)
    fill(server, "ORDERS", 20)
    heads = pathlib.Path(world.path("data"), "midge", "journal", "heads")
    until(lambda: heads.exists() and heads.stat().st_size >= 632 + 21 * 144, "heads of 21 batches")
    server.kill()
    path = journal_of(world)
    data, at = path.read_bytes(), -1
    for _ in range(13):
        at = data.find(b"x" * 100, at + 1 if at < 0 else at + 100)
    os.truncate(path, at // 512 * 512)
    code, out, _ = world.run("store", "check", world.path("data"))
    expect(code == 1 and "sequences 20 to 20" in out, out)
    server = start(world)
    client = server.client()
    state = request(client, "$JS.API.STREAM.INFO.ORDERS")["state"]
    expect_equal(state["lost"]["msgs"], list(range(13, 21)))
    expect_equal(request(client, "ORDERS.1", "x")["seq"], 21)
    client.close()
    server.kill()


@midge_only
def case_a_bit_of_a_long_configuration_costs_nothing(world):
    """A configuration of 100 KB stands in the journal alone: a bit of it that has turned is turned back."""
    server = start(world)
    config = {"name": "LONG", "subjects": ["LONG.*"], "metadata": {"text": "x" * 100000}}
    client = server.client()
    expect("error" not in request(client, "$JS.API.STREAM.CREATE.LONG", json.dumps(config)), "no stream")
    expect_equal(request(client, "LONG.1", "hello")["seq"], 1)
    server.kill()
    path = journal_of(world)
    with open(path, "r+b") as file:
        file.seek(path.read_bytes().find(b"x" * 1000) + 50000)
        file.write(b"y")
    server = start(world)
    client = server.client()
    answer = request(client, "$JS.API.STREAM.INFO.LONG")
    expect("error" not in answer, answer)
    expect_equal(answer["config"]["metadata"]["text"], "x" * 100000)
    expect_equal(answer["state"]["messages"], 1)
    server.wait_line("had turned, and is turned back")
    server.kill()


@midge_only
def case_store_check_refuses_a_store_that_a_server_uses(world):
    """A running server keeps `store check` out; where there is no store it says so."""
    start(world)
    code, _, err = world.run("store", "check", world.path("data"))
    expect(code == 1 and err, code, err)
    os.mkdir(world.path("empty"))
    code, _, err = world.run("store", "check", world.path("empty"))
    expect_equal(code, 1)
    code, _, err = world.run("store", "mend", world.path("data"))
    expect(code == 1 and "Usage: nats-server store check" in err, err)


@midge_only
def case_streams_of_a_nats_server_are_not_hidden(world):
    """A store_dir with a nats-server's streams and no store of ours refuses to start, and is left as it is."""
    theirs = pathlib.Path(world.path("data"), "jetstream", "$G", "streams", "ORDERS", "msgs")
    theirs.mkdir(parents=True)
    (theirs / "1.blk").write_bytes(b"theirs")
    config = world.write("server.conf", CONFIG.format(folder=world.path("data"), more=""))
    code, _, err = world.run("-c", config)
    expect(code == 1 and "holds streams of a nats-server" in err and "import" in err, code, err)
    expect_equal(sorted(os.listdir(world.path("data"))), ["jetstream"])
    expect_equal((theirs / "1.blk").read_bytes(), b"theirs")
    (theirs / "1.blk").unlink()
    for folder in (theirs, theirs.parent):
        folder.rmdir()
    server = world.start("-c", config)
    until(lambda: os.path.isdir(world.path("data/midge")), "a store")
    server.kill()
