# SPDX-License-Identifier: Apache-2.0
"""What publishers, callers of the API and /healthz are told when the disk is full or fails, what goes on, what comes back."""
import base64
import contextlib
import errno
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import socket
import struct
import subprocess
import urllib.error
import urllib.request

from harness import Client, LeftOut, expect, expect_equal, midge_only, until
from machine import ALLOW, BPF_JEQ, BPF_LD, BPF_RET, LOAD_NUMBER, REFUSE, install, jump
from streams import StreamClient

try:
    import jsonschema
except ImportError:
    jsonschema = None

CONFIG = """
listen: "127.0.0.1:-1"
http: "127.0.0.1:-1"
server_name: js
jetstream { store_dir: "%s" }
accounts { $SYS { users: [ { user: sys, password: p } ] }, A { jetstream: enabled, users: [ { user: a, password: p } ] } }
no_auth_user: a
"""
SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "schemas" / "stream_damaged.json"
NO_RESOURCES, STORE_FAILED, CONSUMER_STORE_FAILED, PURGE_FAILED, DELETE_FAILED = 10023, 10077, 10104, 10110, 10057
LOAD_OFFSET, BPF_JGE = 40, 0x35         # the low half of the fourth argument
PWRITEV = {"x86_64": 296, "aarch64": 70}
EIO_FROM = 1 << 20                      # behind the first segment of a journal


def start(world, config=CONFIG, **more):
    server = world.start_with(config % world.path("store"), **more)
    return server, StreamClient(server.port())


def get(server, path):
    """Status and text of a page of the monitor."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port('monitor')}{path}", timeout=20) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def health(server, query=""):
    status, text = get(server, f"/healthz{query}")
    return status, json.loads(text)


def error_of(answer):
    return answer.get("error", {}).get("err_code")


def hear(server, subject, user="a"):
    """A client that listens to a subject."""
    client = Client(server.port(), connect=False)
    client.send(f'CONNECT {{"verbose":false,"user":"{user}","pass":"p"}}\r\nSUB {subject} 1\r\nPING\r\n')
    client.wait_for("PONG")
    return client


def fill(client, subject, body, most):
    """Publishes until an error comes: (how many were acked, the error)."""
    for count in range(most):
        answer = client.tell(subject, body)
        if "error" in answer:
            return count, answer
    raise AssertionError(f"{most} messages found space")


def expect_others_to_go_on(client, number):
    """What needs no disk is served: messages without a stream, streams in memory, what is stored already."""
    client.send("SUB core 7\r\nPUB core 2\r\nhi\r\n")
    client.wait_for("MSG core 7 2")
    client.send("UNSUB 7\r\n")
    expect_equal(client.request("m", "x")["seq"], number)
    expect_equal(client.request("$JS.API.STREAM.MSG.GET.S", {"seq": 1})["message"]["subject"], "s")
    expect_equal(client.request("$JS.API.STREAM.INFO.S")["config"]["name"], "S")


# --- a full disk ---

def small_disk(world, mib):
    """The words in front of a command that give it a disk of its own for the store."""
    os.mkdir(world.path("store"))
    script = f'mount -t tmpfs -o size={mib}m none {world.path("store")} && exec "$0" "$@"'
    for wrapper in (("unshare", "--mount", "sh", "-c", script),
                    ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)):
        probe = (*wrapper[:-1], f'mount -t tmpfs -o size={mib}m none {world.path("store")}')
        if shutil.which("unshare") and subprocess.run(probe, check=False, capture_output=True).returncode == 0:
            return wrapper
    raise LeftOut("this machine allows no namespaces")


@contextlib.contextmanager
def lasting_disk(world, mib):
    """The same, but the disk outlives the server: (words, its folder as others see it)."""
    wrapper = (*small_disk(world, mib)[:-1], f'mount -t tmpfs -o size={mib}m none {world.path("store")} && echo && exec cat')
    with subprocess.Popen(wrapper, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()                            # it is mounted
        users = ("--user", "--preserve-credentials") if "--user" in wrapper else ()
        words = ("nsenter", f"--target={holder.pid}", *users, "--mount")
        if not shutil.which("nsenter") or subprocess.run((*words, "true"), check=False, capture_output=True).returncode:
            raise LeftOut("this machine allows nobody into a namespace")
        yield words, pathlib.Path(f"/proc/{holder.pid}/root{world.path('store')}")


def fill_disk(path):
    """A file that takes all that is left, to the last byte."""
    with open(path, "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"f" * size)


def expect_messages(client, stream, texts):
    for number, text in enumerate(texts, 1):
        message = client.request(f"$JS.API.STREAM.MSG.GET.{stream}", {"seq": number})["message"]
        expect_equal(base64.b64decode(message["data"]).decode(), text)


def start_and_fill(world, wrapper):
    """Stream K with what is kept, and S with as much as the disk takes: how much of it was acked, and what was refused."""
    server, client = start(world, wrapper=wrapper)
    for name in ("S", "K"):
        client.create_stream(name, subjects=[name.lower()])
    kept = [f"{number:05} " + "k" * 3000 for number in range(60)]
    for text in kept:
        client.request("k", text)
    acked, refusal = fill(client, "s", "x" * 60000, 2000)
    return server, client, kept, acked, refusal


@midge_only
def case_a_disk_full_to_the_last_byte_comes_back_with_a_purge(world):
    """With no byte left nothing acked is lost; a purge alone brings the service back; a kill and a restart find every ack."""
    with lasting_disk(world, 48) as (wrapper, folder):
        server, client, kept, acked, refusal = start_and_fill(world, wrapper)
        expect_equal(error_of(refusal), NO_RESOURCES)
        fill_disk(folder / "foreign")
        server.wait_line("is full: nothing is stored, what frees space is")
        fill_disk(folder / "foreign")                       # what was given back meanwhile
        expect_equal(error_of(client.tell("k", "x")), NO_RESOURCES)
        expect_messages(client, "K", kept)
        expect_equal(client.request("$JS.API.STREAM.PURGE.S")["purged"], acked)
        until(lambda: "error" not in client.tell("s", "y"), "the service to return")
        kept.append("again")
        client.request("k", "again")
        until(lambda: health(server)[0] == 200, "the disk to have space")
        server.kill()
        server, client = start(world, wrapper=wrapper)
        expect_messages(client, "K", kept)
        state = client.stream_info("S")["state"]
        expect_equal((state["first_seq"], state["last_seq"], state["messages"]), (acked + 1, acked + 1, 1))
        expect_equal(server.stop(), 0)


@midge_only
def case_a_store_loads_without_a_free_byte(world):
    """A store that is whole loads on a disk with no byte left, after a kill and again, and has all that was acked; the
    deletion of a stream brings the service back."""
    with lasting_disk(world, 48) as (wrapper, folder):
        server, client, kept, acked, _ = start_and_fill(world, wrapper)
        for _ in range(3):
            server.kill()
            fill_disk(folder / "foreign")
            server, client = start(world, wrapper=wrapper)
            expect_messages(client, "K", kept)
            expect_equal(client.stream_info("S")["state"]["messages"], acked)
            fill_disk(folder / "foreign")
            if "error" not in client.tell("k", "x"):        # a segment of the journal may have room
                kept.append("x")
        client.request("$JS.API.STREAM.DELETE.S")
        until(lambda: "error" not in client.tell("k", "y"), "the service to return")
        expect_messages(client, "K", [*kept, "y"])
        expect_equal(server.stop(), 0)


@midge_only
def case_a_full_disk_loads_though_accounts_may_have_more(world):
    """An account may have more than is left of the disk: what stands on it is loaded all the same, and a purge makes space;
    nothing is begun where there is not so much."""
    limited = CONFIG.replace("jetstream: enabled", "jetstream: { max_mem: 1M, max_file: 30M }")
    with lasting_disk(world, 48) as (wrapper, folder):
        server, client = start(world, limited, wrapper=wrapper)
        client.create_stream("S", subjects=["s"])
        for number in range(100):
            client.request("s", f"{number:05} " + "x" * 60000)
        for _ in range(2):              # filled by its own streams, then by others to the last byte
            server.kill()
            server, client = start(world, limited, wrapper=wrapper)
            expect_equal(client.stream_info("S")["state"]["messages"], 100)
            expect_equal(client.request("$JS.API.INFO")["limits"]["max_storage"], 30_000_000)
            fill_disk(folder / "foreign")
        expect_equal(client.request("$JS.API.STREAM.PURGE.S")["purged"], 100)
        until(lambda: "error" not in client.tell("s", "y"), "the service to return")
        expect_equal(server.stop(), 0)
        (folder / "foreign").unlink()
        config = world.write("new.conf", limited.replace("30M", "60M") % world.path("store/new"))
        server = world.start("-c", config, ready=False, wrapper=wrapper)
        expect_equal(server.wait(), 1)
        expect(server.has("Error enabling jetstream on configured accounts"), server.text())


@midge_only
def case_what_was_found_on_a_full_disk_is_no_limit_later(world):
    """Nobody says how much may be stored, and the server starts when nothing is free: when there is space again, so is there
    for new streams and messages, without a restart."""
    with lasting_disk(world, 48) as (wrapper, folder):
        server, client = start(world, wrapper=wrapper)
        client.create_stream("S", subjects=["s"])
        client.request("s", "x" * 60000)
        server.kill()
        fill_disk(folder / "foreign")
        server, client = start(world, wrapper=wrapper)
        more = {"name": "T", "subjects": ["t"], "max_bytes": 20_000_000}
        expect_equal(error_of(client.tell("$JS.API.STREAM.CREATE.T", more)), 10047)
        (folder / "foreign").unlink()
        until(lambda: "error" not in client.tell("$JS.API.STREAM.CREATE.T", more), "space for a stream")
        until(lambda: "error" not in client.tell("s", "x"), "space for a message")
        for number in range(100):
            expect("error" not in client.tell("s", f"{number:05} " + "x" * 60000), number)
        expect_equal(client.stream_info("S")["state"]["messages"], 102)
        expect_equal(server.stop(), 0)


@midge_only
def case_a_full_disk_refuses_what_stores_and_takes_what_frees(world):
    """Without space publishers and callers hear so, all else goes on, /healthz says why; a purge and a deletion are taken."""
    server, client = start(world, wrapper=small_disk(world, 24))
    told = hear(server, "$JS.EVENT.ADVISORY.SERVER.OUT_OF_STORAGE", "sys")
    client.create_stream("S", subjects=["s"])
    client.create_stream("M", subjects=["m"], storage="memory")
    client.create_consumer("S", "C", ack_policy="explicit")
    expect_equal(health(server), (200, {"status": "ok"}))
    acked, refusal = fill(client, "s", "x" * 65536, 1000)
    expect_equal(error_of(refusal), NO_RESOURCES)
    expect_equal(refusal["error"]["code"], 503)
    told.wait_for("MSG $JS.EVENT.ADVISORY.SERVER.OUT_OF_STORAGE 1 ")
    server.wait_line("is full: nothing is stored, what frees space is")
    expect_equal(health(server), (503, {"status": "unavailable", "error": "JetStream's disk is full"}))
    client.create_stream("T", subjects=["t"])               # configuration has a reserve
    expect_equal(error_of(fill(client, "t", "x" * 65536, 1000)[1]), NO_RESOURCES)   # a smaller segment may have found space
    expect_others_to_go_on(client, 1)
    message = client.pull("S", "C", 1)[0]
    client.answer(client.ask(message.reply, "+ACK"))        # is durable when it is answered
    expect_equal(client.stream_info("S")["state"]["messages"], acked)
    expect_equal(client.request("$JS.API.STREAM.PURGE.S")["purged"], acked)
    client.request("$JS.API.STREAM.DELETE.T")
    expect_equal(client.request("$JS.API.STREAM.NAMES")["streams"], ["M", "S"])
    server.kill()


@midge_only
def case_space_from_elsewhere_brings_the_service_back(world):
    """When others give space back, publishers are served again without a restart, and nothing acked was lost."""
    server, client = start(world, wrapper=small_disk(world, 48))
    client.create_stream("S", subjects=["s"])
    foreign = pathlib.Path(f"/proc/{server.pid}/root{world.path('store')}") / "foreign"
    foreign.write_bytes(b"f" * (24 << 20))      # more than the list of all that is stored, twice
    acked, refusal = fill(client, "s", "x" * 65536, 1000)
    expect_equal(error_of(refusal), NO_RESOURCES)
    foreign.unlink()
    until(lambda: "error" not in client.tell("s", "y"), "the service to return")
    expect_equal(client.stream_info("S")["state"]["messages"], acked + 1)
    for number in (1, acked):
        expect_equal(client.request("$JS.API.STREAM.MSG.GET.S", {"seq": number})["message"]["seq"], number)
    expect_equal(server.stop(), 0)


# --- no descriptors ---

ONE_REACTOR = "midge { reactors: 1 }\n"


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160))


def hardly_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))



def crowd_and_store(server, client):
    """A crowd takes every descriptor it gets, and stays: streams are made, filled over many files and read."""
    client.create_stream("S", subjects=["s"])
    client.request("s", "first")
    crowd = [socket.create_connection(("127.0.0.1", server.port()), 20) for _ in range(200)]
    server.wait_line("out of file descriptors: new connections wait")
    for number in range(5):
        client.create_stream(f"T{number}", subjects=[f"t{number}"])
    for number in range(600):
        client.request("s", f"{number} " + "x" * 60000)
        client.request(f"t{number % 5}", "x")
    expect_equal(client.request("$JS.API.STREAM.MSG.GET.S", {"seq": 1})["message"]["subject"], "s")
    expect(not server.has("is full"), server.text())
    expect_equal(client.stream_info("S")["state"]["messages"], 601)
    return crowd


@midge_only
def case_without_descriptors_the_store_goes_on(world):
    """A crowd that takes every descriptor it gets leaves enough for the store: streams are made, filled over many files and
    read, and after a kill all is there."""
    server, client = start(world, preexec_fn=few_files)
    crowd = crowd_and_store(server, client)
    server.kill()
    for sock in crowd:
        sock.close()
    server, client = start(world)
    expect_equal([client.stream_info(name)["state"]["messages"] for name in ("S", "T0", "T4")], [601, 120, 120])
    expect_equal(server.stop(), 0)


@midge_only
def case_a_store_that_a_reload_turns_on_has_its_descriptors(world):
    """A crowd leaves as many to a store that a reload turned on; with too few for that the reload is refused."""
    config = CONFIG % world.path("store")
    off = config.replace("jetstream {", "# {").replace("jetstream: enabled, ", "")
    server = world.start_with(off, preexec_fn=few_files)
    world.write("server.conf", config)
    server.signal(signal.SIGHUP)
    server.wait_line("Reloaded server configuration")
    for sock in crowd_and_store(server, StreamClient(server.port())):
        sock.close()
    server.kill()
    server = world.start_with(off + ONE_REACTOR, preexec_fn=hardly_files)
    world.write("server.conf", config + ONE_REACTOR)
    server.signal(signal.SIGHUP)
    server.wait_line("Failed to reload server configuration: 40 file descriptors are too few")
    server.client().ping()
    expect_equal(server.stop(), 0)


# --- a journal that fails ---

def forbid_far_writes():
    """In the child: writes behind the first MiB of a file fail with EIO from now on."""
    install([jump(BPF_LD, LOAD_NUMBER, 0, 0), jump(BPF_JEQ, PWRITEV[platform.machine()], 0, 3),
             struct.pack("<HBBI", BPF_LD, 0, 0, LOAD_OFFSET), jump(BPF_JGE, EIO_FROM, 0, 1),
             jump(BPF_RET, REFUSE | errno.EIO, 0, 0), jump(BPF_RET, ALLOW, 0, 0)])


@midge_only
def case_a_failed_journal_takes_nothing_more_until_a_restart(world):
    """When the journal fails, publishers and callers hear so, all else goes on, /healthz says why; a restart has all acks."""
    if platform.machine() not in PWRITEV:
        raise LeftOut("no filter for this processor")
    server, client = start(world, preexec_fn=forbid_far_writes)
    client.create_stream("S", subjects=["s"], max_bytes=1 << 21)        # its blocks stay small
    client.create_stream("M", subjects=["m"], storage="memory")
    acked, refusal = fill(client, "s", "x" * 10000, 1000)
    expect_equal(error_of(refusal), STORE_FAILED)
    server.wait_line("no file stream takes anything until a restart")
    expect_equal(health(server), (503, {"status": "unavailable", "error": "JetStream's journal has failed: write error"}))
    for call, body, code in (
            ("STREAM.CREATE.T", {"name": "T", "subjects": ["t"]}, STORE_FAILED),
            ("STREAM.UPDATE.S", {"name": "S", "subjects": ["s", "u"], "max_bytes": 1 << 21}, STORE_FAILED),
            ("STREAM.PURGE.S", {}, PURGE_FAILED), ("STREAM.DELETE.S", {}, STORE_FAILED),
            ("STREAM.MSG.DELETE.S", {"seq": 1}, DELETE_FAILED),
            ("CONSUMER.CREATE.S.C", {"stream_name": "S", "config": {"name": "C", "durable_name": "C"}}, CONSUMER_STORE_FAILED)):
        answer = client.tell(f"$JS.API.{call}", body)
        expect(error_of(answer) == code, call, answer)
    expect_equal(error_of(client.tell("s", "once more")), STORE_FAILED)
    state = client.stream_info("S")["state"]
    expect_others_to_go_on(client, 1)
    server.kill()
    server, client = start(world)
    expect_equal(health(server), (200, {"status": "ok"}))
    after = client.stream_info("S")["state"]
    expect(after["last_seq"] >= acked and after["last_seq"] >= state["last_seq"], acked, state, after)
    expect_equal(client.request("s", "again")["seq"], after["last_seq"] + 1)
    expect_equal(server.stop(), 0)


def remove(path):
    """Of a server that may make a file there meanwhile: then the folder is not empty, and it is tried again."""
    def is_removed():
        shutil.rmtree(path, ignore_errors=True)
        return not os.path.exists(path)
    until(is_removed, "the folder to go")


@midge_only
def case_a_folder_that_is_removed_takes_nobody_along(world):
    """When somebody removes the store of a running server, publishers, the log and /healthz hear it as soon as a file cannot
    be made; all else goes on, and the server ends in order."""
    server, client = start(world)
    client.create_stream("S", subjects=["s"])
    client.create_stream("M", subjects=["m"], storage="memory")
    client.request("s", "x")
    remove(world.path("store"))
    _, refusal = fill(client, "s", "y" * 60000, 1000)
    expect_equal(error_of(refusal), STORE_FAILED)
    until(lambda: server.has("JetStream: stream S takes nothing any more: ") or
          server.has("no file stream takes anything until a restart"), "the log to say so")
    code, page = health(server)
    expect(code == 503 and page["error"] in ("JetStream stream 'A > S' has a write error: no such object",
                                             "JetStream's journal has failed: write error"), code, page)
    expect_others_to_go_on(client, 1)
    expect_equal(server.stop(), 0)
    server, client = start(world)
    expect_equal(client.request("$JS.API.STREAM.NAMES")["streams"], None)
    expect_equal((health(server)[0], server.stop()), (200, 0))


# --- damage ---

def flip(path, at):
    """Two bits: one would be set right."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 12]))


def rot(world, texts):
    """Flips bits where each of the texts stands in the store."""
    for text in texts:
        found = 0
        for path in pathlib.Path(world.path("store")).rglob("*"):
            at = path.read_bytes().find(text) if path.is_file() else -1
            if at >= 0:
                flip(path, at + 5)
                found += 1
        expect(found > 0, text)


def expect_advisory(client):
    client.wait_for("MSG $JS.EVENT.ADVISORY.STREAM.DAMAGED.S 1 ")
    told = json.loads(client.line())
    if jsonschema is not None:
        jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    return told


@midge_only
def case_damage_is_told_with_its_sequences(world):
    """What a read finds damaged stands with its sequences in the log, an advisory, /healthz, /jsz and the stream's state;
    other messages and other streams are served."""
    server, client = start(world)
    for name in ("S", "T"):
        client.create_stream(name, subjects=[name.lower()], allow_direct=True)
        for number in range(1, 301):
            client.request(name.lower(), f"{name}-{number:04}-" + "x" * 3000)
    server.stop()                       # all of it stands in blocks now
    rot(world, [f"S-{number:04}-".encode() for number in (40, 41, 90)])
    server, client = start(world)
    expect_equal(health(server), (200, {"status": "ok"}))               # nobody has read it
    owner, system = hear(server, "$JS.EVENT.ADVISORY.STREAM.DAMAGED.>"), hear(
        server, "$JS.EVENT.ADVISORY.STREAM.DAMAGED.>", "sys")
    for number in (40, 90, 41):
        expect_equal(client.tell("$JS.API.STREAM.MSG.GET.S", {"seq": number})["error"],
                     {"code": 500, "err_code": 10051, "description": "message is damaged"})
        direct = client.answer(client.ask("$JS.API.DIRECT.GET.S", json.dumps({"seq": number})))
        expect_equal(direct.header, "NATS/1.0 500 Message Is Damaged\r\n\r\n")
    told = expect_advisory(owner)
    expect_equal((told["type"], told["stream"], told["messages"], told["ranges"]), (
        "io.midge.jetstream.advisory.v1.stream_damaged", "S", 3,
        [{"first_seq": 40, "last_seq": 41}, {"first_seq": 90, "last_seq": 90}]))
    expect_equal(expect_advisory(system)["account"], "A")
    line = "JetStream: stream 'A > S': 3 messages are damaged and served to nobody: sequences 40-41, 90"
    server.wait_line(line)
    expect_equal(server.count("are damaged"), 1)
    expect_equal(health(server)[1]["error"], "JetStream stream 'A > S' has damaged messages: 40-41, 90")
    expect_equal(health(server, "?details=1")[1]["errors"], [
        {"type": "STREAM", "account": "A", "stream": "S", "error": "JetStream stream 'A > S' has damaged messages: 40-41, 90"}])
    lost = client.stream_info("S")["state"]["lost"]
    expect_equal(lost["msgs"], [40, 41, 90])
    page = json.loads(get(server, "/jsz?streams=true&accounts=true")[1])
    details = {s["name"]: s for a in page["account_details"] for s in a["stream_detail"]}
    expect_equal(details["S"]["state"]["lost"], lost)
    expect("lost" not in details["T"]["state"], details["T"])
    for name, number in (("S", 39), ("S", 42), ("T", 40), ("T", 90)):
        expect_equal(client.request(f"$JS.API.STREAM.MSG.GET.{name}", {"seq": number})["message"]["seq"], number)
    expect_equal((client.request("s", "on")["seq"], client.request("t", "on")["seq"]), (301, 301))
    server.stop()
    server, client = start(world)       # it is remembered, and told once
    expect_equal(health(server)[1]["error"], "JetStream stream 'A > S' has damaged messages: 40-41, 90")
    for number in (40, 41, 90):         # who has seen to it deletes them
        expect(client.request("$JS.API.STREAM.MSG.DELETE.S", {"seq": number})["success"], number)
    expect_equal(health(server), (200, {"status": "ok"}))
    expect("lost" not in client.stream_info("S")["state"], "nothing is damaged any more")
    expect_equal(server.stop(), 0)
    expect_equal(server.count("are damaged"), 0)


@midge_only
def case_damage_of_the_journal_is_told_with_its_sequences(world):
    """What a start finds damaged in the journal is told likewise, by the name of the stream."""
    server, client = start(world)
    client.create_stream("S", subjects=["s"])
    for number in range(1, 21):
        client.request("s", f"S-{number:04}-" + "x" * 300)
    server.kill()
    rot(world, [b"S-0007-"])
    server, client = start(world)
    owner = hear(server, "$JS.EVENT.ADVISORY.STREAM.DAMAGED.S")
    server.wait_line("JetStream: stream 'A > S': 1 messages are damaged and served to nobody: sequences 7")
    expect_equal(expect_advisory(owner)["ranges"], [{"first_seq": 7, "last_seq": 7}])
    expect_equal(health(server)[1]["error"], "JetStream stream 'A > S' has damaged messages: 7")
    expect_equal(client.stream_info("S")["state"]["lost"]["msgs"], [7])
    expect_equal(client.request("s", "on")["seq"], 21)
    expect_equal(server.stop(), 0)
