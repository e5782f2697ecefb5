# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the servers that are measured, each on free ports with a configuration of its own."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS, STORE_START_SECONDS = 20, 240
STOP_SECONDS = 60
USER, PASSWORD = "bench", "bench"


class Failure(Exception):
    """Something that was to be measured did not work; the text says what."""


def find(what, candidates, hint):
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return pathlib.Path(candidate)
    raise Failure(f"{what} not found: {hint}")


def find_peer():
    return find("nats-server", [os.environ.get("NATS_SERVER"), shutil.which("nats-server"),
                                ROOT / "build/peer/nats-server"],
                "set NATS_SERVER, put it in PATH, or have ./dev test --peer build it")


def find_built(name):
    return find(name, [ROOT / "build/release" / name, ROOT / "build/release/bench" / name,
                       ROOT / "build" / name], "./dev build builds it")


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a server is configured for, beside an open client port."""
    transport: str = "tcp"
    reactors: int = 0           # 0: the default
    is_guarded: bool = False    # one user, and a minute to say so
    jetstream: bool = False     # with its store in the server's own folder
    sync: str = ""              # sync_interval; "": the default
    extra: str = ""


class Contender:
    """A server's executable: what it is called in the table, and how to run it."""

    def __init__(self, name, binary, is_relay=False):
        self.name = name
        self.binary = pathlib.Path(binary)
        self.is_relay = is_relay
        self.version = "" if is_relay else self.read_version()
        self.is_midge = "midge" in self.version

    def read_version(self):
        answer = subprocess.run([self.binary, "--version"], capture_output=True, text=True)
        if answer.returncode != 0:
            raise Failure(f"{self.binary.name} --version ends with {answer.returncode}")
        return ", ".join(answer.stdout.split("\n")).strip(", ").replace("nats-server: ", "nats-server ")


class Server:
    def __init__(self, contender, process, ports, setup, folder, started):
        self.contender, self.process, self.ports, self.setup = contender, process, ports, setup
        self.folder = folder
        self.started = started      # time.monotonic() just before

    @property
    def pid(self):
        return self.process.pid

    def rss(self):
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def rss_idle(self):
        """Resident memory when it has stopped to change: the start is over and its garbage collected."""
        last = self.rss()
        for _ in range(20):
            time.sleep(0.5)
            now = self.rss()
            if abs(now - last) < 64 << 10:
                break
            last = now
        return now

    def reload(self, extra):
        """The same configuration with other extra lines, applied while it runs."""
        setup = dataclasses.replace(self.setup, extra=extra)
        write_config(self.contender, setup, self.ports, self.folder)
        self.process.send_signal(signal.SIGHUP)

    def load_options(self):
        """How natsbench reaches this server."""
        port = self.ports["ws" if self.setup.transport == "ws" else "client"]
        options = ["-p", str(port), "-P", str(self.pid), "-t", self.setup.transport]
        if self.setup.jetstream:
            options += ["-o", str(self.folder)]
        if self.setup.is_guarded:
            options += ["-u", f"{USER}:{PASSWORD}"]
        return options + (["-R"] if self.contender.is_relay else [])


def free_ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


def config_text(contender, setup, ports, folder):
    lines = [f'listen: "127.0.0.1:{ports["client"]}"']
    if setup.transport == "tls":
        lines.append(f'tls {{ cert_file: "{folder}/cert.pem", key_file: "{folder}/key.pem", timeout: 30 }}')
    if setup.transport == "ws":
        lines.append(f'websocket {{ listen: "127.0.0.1:{ports["ws"]}", no_tls: true }}')
    if setup.is_guarded:
        lines.append(f"authorization {{ user: {USER}, password: {PASSWORD}, timeout: 60 }}")
    if setup.jetstream:
        sync = f", sync_interval: {setup.sync}" if setup.sync else ""
        lines.append(f'jetstream {{ store_dir: "{folder}/store", max_file_store: 60G, max_mem: 8G{sync} }}')
    if setup.reactors and contender.is_midge:
        lines.append(f"midge {{ reactors: {setup.reactors} }}")
    return "\n".join(lines + [setup.extra]) + "\n"


def write_config(contender, setup, ports, folder):
    path = pathlib.Path(folder, "server.conf")
    path.write_text(config_text(contender, setup, ports, folder))
    return path


def wait_ready(process, port, name, seconds):
    """A server is ready when it greets."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failure(f"{name} ended with status {process.returncode} instead of starting")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as s:
                if s.recv(5) == b"INFO ":
                    return
        except OSError:
            time.sleep(0.002)
    raise Failure(f"{name} did not greet within {seconds} s")


def command_of(contender, setup, ports, folder):
    if contender.is_relay:
        return [contender.binary, "-p", str(ports["client"])]
    return [contender.binary, "-c", write_config(contender, setup, ports, folder)]


def stop(process):
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(contender, setup=Setup(), cert_folder=None, log_path=None, parent=None):
    """A running server; the end of its log is shown when it dies. `log_path`: keep the log there. `parent`: where
    its folder is made, for a store that must be on a certain disk."""
    with tempfile.TemporaryDirectory(prefix="midge-bench-", dir=parent) as folder:
        with running_in(folder, contender, setup, cert_folder, log_path) as server:
            yield server


@contextlib.contextmanager
def running_in(folder, contender, setup=Setup(), cert_folder=None, log_path=None):
    """The same in a folder that stays, with what a server before may have stored there. The server may be killed
    meanwhile."""
    if cert_folder:
        shutil.copytree(cert_folder, folder, dirs_exist_ok=True)
    ports = dict(zip(("client", "ws"), free_ports(2)))
    log_path = log_path or pathlib.Path(folder, "log")
    with open(log_path, "wb") as log:
        started = time.monotonic()
        process = subprocess.Popen(command_of(contender, setup, ports, folder), cwd=folder,
                                   stdout=log, stderr=log)
    server = Server(contender, process, ports, setup, folder, started)
    try:
        wait_ready(process, ports["client"], contender.name, STORE_START_SECONDS if setup.jetstream else START_SECONDS)
        yield server
    except Failure as failure:
        tail = log_path.read_text(errors="replace")[-600:]
        raise Failure(f"{failure}\n{tail}" if process.poll() is not None else str(failure)) from None
    finally:
        stop(process)
