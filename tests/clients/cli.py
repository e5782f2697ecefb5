# SPDX-License-Identifier: Apache-2.0
"""The scenarios of the `nats` command: what it can do where there is no JetStream and no system account's user."""
import json
import os
import subprocess
import time
import traceback
import urllib.request

PATIENCE_S = 30


class Cli:
    """Runs the command with a configuration folder of its own."""

    def __init__(self, nats, servers, folder):
        self.nats, self.servers = nats, servers
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("NATS_")}
        self.env |= {"HOME": folder, "XDG_CONFIG_HOME": folder, "NO_COLOR": "1"}

    def words(self, *words, url=None):
        return [self.nats, "--server", url or self.servers.open.url(), *words]

    def run(self, *words, url=None, status=0):
        """What it prints, when it ends with this exit status."""
        done = subprocess.run(self.words(*words, url=url), env=self.env, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False)
        assert done.returncode == status, f"{words} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def start(self, *words):
        return subprocess.Popen(self.words(*words), env=self.env, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def finish(process):
    """What a process printed that ends by itself."""
    try:
        return process.communicate(timeout=PATIENCE_S)[0]
    finally:
        process.kill()


def subscriptions(cli):
    """How many subscriptions clients have made: monitoring tells when one in the background listens."""
    with urllib.request.urlopen(f"{cli.servers.open.url('http', 'monitor')}/subsz", timeout=PATIENCE_S) as answer:
        return json.load(answer)["num_subscriptions"]


def start_listening(cli, *words):
    before = subscriptions(cli)
    process = cli.start(*words)
    until(lambda: subscriptions(cli) > before or process.poll() is not None, f"{words} to subscribe")
    return process


def case_rtt(cli):
    assert "127.0.0.1" in cli.run("rtt")


def case_pub_sub(cli):
    subscriber = start_listening(cli, "sub", "news.*", "--count", "3")
    cli.run("pub", "news.today", "message {{.Count}}", "--count", "3", "-H", "Colour:green")
    said = finish(subscriber)
    assert all(f"message {n}" in said for n in (1, 2, 3)) and "Colour: green" in said, said


def case_sub_queue(cli):
    members = [start_listening(cli, "sub", "jobs", "--queue", "workers", "--count", "1") for _ in range(2)]
    cli.run("pub", "jobs", "one")
    until(lambda: any(m.poll() is not None for m in members), "a member to end")
    cli.run("pub", "jobs", "two")
    said = [finish(m) for m in members]
    assert sorted("two" in s for s in said) == [False, True], said


def case_request_reply(cli):
    service = start_listening(cli, "reply", "svc", "--echo", "--count", "2")
    for word in ("hello", "again"):
        said = cli.run("request", "svc", word)
        assert word in said, said
    finish(service)


def case_request_nobody(cli):
    assert "No responders" in cli.run("request", "nobody", "x")


def case_bench_pub_sub(cli):
    subscriber = start_listening(cli, "bench", "sub", "bench", "--msgs", "20000", "--no-progress")
    said = cli.run("bench", "pub", "bench", "--msgs", "20000", "--clients", "2", "--size", "128", "--no-progress")
    assert "aggregated stats" in said, said
    said = finish(subscriber)
    assert "subscriber stats" in said, said


def case_bench_service(cli):
    service = start_listening(cli, "bench", "service", "serve", "service", "--no-progress")
    try:
        said = cli.run("bench", "service", "request", "service", "--msgs", "500", "--no-progress")
        assert "requester stats" in said, said
    finally:
        service.kill()
        service.communicate()


def case_check_connection(cli):
    said = json.loads(cli.run("server", "check", "connection", "--format", "json"))
    assert said["status"] in ("OK", "WARNING"), said      # a slow machine is a warning
    assert len(said["ok"]) + len(said.get("warning") or []) == 3, said


def case_account_info(cli):
    said = cli.run("account", "info")
    for line in ("Account: $G", "System Account: false", "Headers Supported: true", "Connected Server Version: 2.15.2",
                 "JetStream is not supported in this account"):
        assert line in said, said


def case_tls(cli):
    url = cli.servers.tls.url("tls")
    cli.run("pub", "a", "b", "--tlsca", cli.servers.environment()["CA_FILE"], url=url)
    assert "certificate" in cli.run("pub", "a", "b", url=url, status=1)


def case_user_password(cli):
    url = cli.servers.auth.url()
    cli.run("pub", "a", "b", "--user", "anna", "--password", "s3cret", url=url)
    said = cli.run("account", "info", "--user", "anna", "--password", "s3cret", url=url)
    assert "User: anna" in said, said
    said = cli.run("pub", "a", "b", "--user", "anna", "--password", "wrong", url=url, status=1)
    assert "Authorization Violation" in said, said


def case_nkey(cli):
    cli.run("pub", "a", "b", "--nkey", cli.servers.environment()["NKEY_FILE"], url=cli.servers.auth.url())


def case_websocket(cli):
    cli.run("pub", "a", "b", url=cli.servers.open.url("ws", "websocket"))


def names(module, left_out=()):
    every = [name[5:] for name in vars(module) if name.startswith("case_")]
    return [name for name in every if name not in left_out]


def run(module, nats, servers, folder, cases, take):
    """Calls take(line) with `ok NAME` or `not ok NAME` for each of these cases of a module."""
    cli = Cli(nats, servers, folder)
    for name in cases:
        try:
            getattr(module, f"case_{name}")(cli)
            take(f"ok {name}")
        except Exception:               # any failure is the case's
            take(traceback.format_exc())
            take(f"not ok {name}")
