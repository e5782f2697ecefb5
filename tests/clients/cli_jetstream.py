# SPDX-License-Identifier: Apache-2.0
"""The JetStream scenarios of the `nats` command: streams, consumers, buckets of keys and of objects, backups, benchmarks."""
import json
import os


def ask(cli, *words, status=0):
    return cli.run(*words, url=cli.servers.jetstream.url(), status=status)


def add_stream(cli, name, *words):
    said = ask(cli, "stream", "add", name, "--subjects", f"{name}.*", "--defaults", "--json", *words)
    return json.loads(said[said.index("{"):])


def case_stream(cli):
    info = add_stream(cli, "cli_stream", "--max-msgs=5", "--description=first")
    assert (info["config"]["max_msgs"], info["state"]["messages"]) == (5, 0), info
    said = ask(cli, "pub", "cli_stream.a", "message {{.Count}}", "--count", "7", "--jetstream")
    assert "Stored in Stream: cli_stream Sequence: 7" in said, said
    info = json.loads(ask(cli, "stream", "info", "cli_stream", "--json"))
    assert (info["state"]["messages"], info["state"]["first_seq"]) == (5, 3), info
    assert "message 4" in ask(cli, "stream", "get", "cli_stream", "4")
    ask(cli, "stream", "edit", "cli_stream", "--description=second", "--force")
    info = json.loads(ask(cli, "stream", "info", "cli_stream", "--json"))
    assert info["config"]["description"] == "second", info
    ask(cli, "stream", "rmm", "cli_stream", "4", "--force")
    assert "no message found" in ask(cli, "stream", "get", "cli_stream", "4", status=1)
    counts = json.loads(ask(cli, "stream", "subjects", "cli_stream", "--json"))
    assert counts == {"cli_stream.a": 4}, counts
    assert "cli_stream" in json.loads(ask(cli, "stream", "ls", "--names", "--json"))
    ask(cli, "stream", "purge", "cli_stream", "--force")
    info = json.loads(ask(cli, "stream", "info", "cli_stream", "--json"))
    assert (info["state"]["messages"], info["state"]["first_seq"]) == (0, 8), info
    ask(cli, "stream", "rm", "cli_stream", "--force")
    assert "cli_stream" not in (json.loads(ask(cli, "stream", "ls", "--names", "--json")) or [])


def case_consumer(cli):
    add_stream(cli, "cli_consumer")
    ask(cli, "pub", "cli_consumer.a", "message {{.Count}}", "--count", "3", "--jetstream")
    ask(cli, "consumer", "add", "cli_consumer", "C", "--pull", "--defaults")
    info = json.loads(ask(cli, "consumer", "info", "cli_consumer", "C", "--json"))
    assert (info["num_pending"], info["config"]["ack_policy"]) == (3, "explicit"), info
    said = ask(cli, "consumer", "next", "cli_consumer", "C", "--count", "2")
    assert "message 1" in said and "message 2" in said and "message 3" not in said, said
    info = json.loads(ask(cli, "consumer", "info", "cli_consumer", "C", "--json"))
    assert (info["num_pending"], info["num_ack_pending"], info["ack_floor"]["stream_seq"]) == (1, 0, 2), info
    said = ask(cli, "consumer", "pause", "cli_consumer", "C", "1h", "--force")
    assert "Paused" in said, said
    ask(cli, "consumer", "resume", "cli_consumer", "C", "--force")
    assert json.loads(ask(cli, "consumer", "ls", "cli_consumer", "--json")) == ["C"]
    ask(cli, "consumer", "rm", "cli_consumer", "C", "--force")
    assert not json.loads(ask(cli, "consumer", "ls", "cli_consumer", "--json"))


def case_kv(cli):
    ask(cli, "kv", "add", "cli_kv", "--history", "5")
    assert ask(cli, "kv", "put", "cli_kv", "a.b", "one").strip() == "one"
    ask(cli, "kv", "put", "cli_kv", "a.b", "two")
    assert ask(cli, "kv", "get", "cli_kv", "a.b", "--raw").strip() == "two"
    ask(cli, "kv", "create", "cli_kv", "new", "first")
    assert "wrong last sequence" in ask(cli, "kv", "create", "cli_kv", "new", "again", status=1)
    ask(cli, "kv", "update", "cli_kv", "a.b", "three", "2")
    assert "wrong last sequence: 4" in ask(cli, "kv", "update", "cli_kv", "a.b", "four", "2", status=1)
    assert sorted(ask(cli, "kv", "ls", "cli_kv").split()) == ["a.b", "new"]
    assert all(word in ask(cli, "kv", "history", "cli_kv", "a.b") for word in ("one", "two", "three"))
    ask(cli, "kv", "del", "cli_kv", "new", "--force")
    assert "key not found" in ask(cli, "kv", "get", "cli_kv", "new", status=1)
    ask(cli, "kv", "purge", "cli_kv", "a.b", "--force")
    assert "PURGE" in ask(cli, "kv", "history", "cli_kv", "a.b")
    assert "cli_kv" in ask(cli, "kv", "ls")
    ask(cli, "kv", "del", "cli_kv", "--force")


def case_object(cli):
    path = os.path.join(cli.env["HOME"], "object.bin")
    with open(path, "wb") as file:
        file.write(bytes(range(256)) * 2000)
    ask(cli, "object", "add", "cli_object")
    ask(cli, "object", "put", "cli_object", path, "--name", "dir/one", "--no-progress", "--force")
    info = ask(cli, "object", "info", "cli_object", "dir/one")
    assert "SHA-256" in info and "500 KiB" in info, info
    ask(cli, "object", "get", "cli_object", "dir/one", "-O", path + ".got", "--no-progress", "--force")
    with open(path, "rb") as sent, open(path + ".got", "rb") as got:
        assert sent.read() == got.read()
    assert "dir/one" in ask(cli, "object", "ls", "cli_object")
    ask(cli, "object", "rm", "cli_object", "dir/one", "--force")
    assert "dir/one" not in ask(cli, "object", "ls", "cli_object")


def case_backup_restore(cli):
    """What is saved and restored is the same stream with the same consumers."""
    add_stream(cli, "cli_backup")
    ask(cli, "pub", "cli_backup.a", "message {{.Count}} {{Random 200 200}}", "--count", "3000", "--jetstream", "-q")
    ask(cli, "consumer", "add", "cli_backup", "C", "--pull", "--defaults")
    ask(cli, "consumer", "next", "cli_backup", "C", "--count", "10")
    before = json.loads(ask(cli, "stream", "info", "cli_backup", "--json"))
    folder = os.path.join(cli.env["HOME"], "backup")
    ask(cli, "stream", "backup", "cli_backup", folder, "--no-progress", "--consumers")
    ask(cli, "stream", "rm", "cli_backup", "--force")
    ask(cli, "stream", "restore", folder, "--no-progress")
    after = json.loads(ask(cli, "stream", "info", "cli_backup", "--json"))
    assert after["state"] == before["state"], (before, after)
    assert "message 2345 " in ask(cli, "stream", "get", "cli_backup", "2345")
    info = json.loads(ask(cli, "consumer", "info", "cli_backup", "C", "--json"))
    assert (info["num_pending"], info["ack_floor"]["stream_seq"]) == (2990, 10), info


def case_bench(cli):
    said = ask(cli, "bench", "js", "pub", "sync", "bench", "--create", "--msgs", "300", "--no-progress", "--stream", "benched")
    assert "publisher stats" in said, said
    said = ask(cli, "bench", "js", "pub", "async", "bench", "--msgs", "5000", "--no-progress", "--stream", "benched")
    assert "publisher stats" in said, said
    for how in ("fetch", "consume"):
        ask(cli, "consumer", "add", "benched", how, "--pull", "--defaults")
        said = ask(cli, "bench", "js", how, "--msgs", "5000", "--no-progress", "--stream", "benched", "--consumer", how)
        assert "msgs/sec" in said, said
    said = ask(cli, "bench", "js", "ordered", "--msgs", "5000", "--no-progress", "--stream", "benched")
    assert "msgs/sec" in said, said


def case_account(cli):
    said = ask(cli, "account", "info")
    assert "JetStream Account Information" in said and "Streams: " in said, said


def case_report(cli):
    add_stream(cli, "cli_report")
    assert "cli_report" in ask(cli, "stream", "report")


def case_find(cli):
    """The listings that ask for many streams and consumers at once."""
    add_stream(cli, "cli_find")
    add_stream(cli, "cli_copy", "--source", "cli_find")
    ask(cli, "consumer", "add", "cli_find", "C", "--pull", "--defaults")
    ask(cli, "pub", "cli_find.a", "message", "--jetstream")
    assert "cli_find" in ask(cli, "stream", "find", "--subject", "cli_find.*", "--names")
    assert "cli_copy" in ask(cli, "stream", "find", "--sourced", "--names")
    assert "C" in ask(cli, "consumer", "find", "cli_find", "--pull")
    assert "cli_find" in ask(cli, "stream", "report") and "C" in ask(cli, "consumer", "report", "cli_find")
    said = ask(cli, "stream", "gaps", "cli_find", "--force", "--no-progress")
    assert "No deleted messages" in said, said
    assert "message" in ask(cli, "sub", "cli_find.a", "--direct", "--all", "--count", "1")


def case_check(cli):
    add_stream(cli, "cli_check")
    ask(cli, "consumer", "add", "cli_check", "C", "--pull", "--defaults")
    ask(cli, "pub", "cli_check.a", "message", "--jetstream")
    ask(cli, "kv", "add", "cli_check")
    ask(cli, "kv", "put", "cli_check", "key", "value")
    check = ("server", "check")
    assert "OK JetStream" in ask(cli, *check, "jetstream")
    assert "OK cli_check" in ask(cli, *check, "stream", "--stream", "cli_check")
    assert "messages=1" in ask(cli, *check, "stream", "--stream", "cli_check", "--msgs-warn", "9",
                               "--msgs-critical", "5", status=2)
    assert "pending=1" in ask(cli, *check, "consumer", "--stream", "cli_check", "--consumer", "C")
    assert "pending=1" in ask(cli, *check, "consumer", "--stream", "cli_check", "--consumer", "C",
                              "--unprocessed-critical", "1", status=2)
    assert "values=1" in ask(cli, *check, "kv", "--bucket", "cli_check", "--key", "key")
    assert "size=7B" in ask(cli, *check, "message", "--stream", "cli_check", "--subject", "cli_check.a")


def case_counter(cli):
    add_stream(cli, "cli_counter", "--allow-counter", "--allow-direct")
    ask(cli, "counter", "increment", "cli_counter.a", "5")
    ask(cli, "counter", "decrement", "cli_counter.a", "2")
    assert ask(cli, "counter", "get", "cli_counter.a").strip() == "3"
    assert "increment is missing" in ask(cli, "pub", "cli_counter.a", "x", "--jetstream", status=1)


def case_schedule(cli):
    add_stream(cli, "cli_schedule", "--allow-schedules")
    ask(cli, "pub", "cli_schedule.plan", "later", "--schedule-after", "100ms", "--schedule-dest", "cli_schedule.done")
    assert "later" in ask(cli, "sub", "cli_schedule.done", "--all", "--count", "1")


def case_account_backup(cli):
    add_stream(cli, "cli_account")
    ask(cli, "pub", "cli_account.a", "message {{.Count}}", "--count", "20", "--jetstream", "-q")
    folder = os.path.join(cli.env["HOME"], "account")
    ask(cli, "backup", "account", folder, "--force")
    for name in json.loads(ask(cli, "stream", "ls", "--names", "--all", "--json")):
        ask(cli, "stream", "rm", name, "--force")
    ask(cli, "backup", "validate", os.path.join(folder, "cli_account"), "--no-progress")
    ask(cli, "backup", "restore", "account", folder)
    info = json.loads(ask(cli, "stream", "info", "cli_account", "--json"))
    assert (info["state"]["messages"], info["state"]["last_seq"]) == (20, 20), info
