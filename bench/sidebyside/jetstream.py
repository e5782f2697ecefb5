# SPDX-License-Identifier: Apache-2.0
"""How JetStream is measured: stores on a real disk, the disk's mood probed before each run, rounds of adjacent runs,
and a client for single requests."""

import contextlib
import dataclasses
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time

from . import servers
from .measure import log

RUN_SECONDS_MAX = 1200
JUDGED_ROUNDS = 5           # of adjacent runs, of which the median counts
PROBES, PROBE_BYTES = 200, 4096
PROBES_APART_MAX = 1.5      # a round whose probes differ by more is repeated
MEMORY_DISKS = ("tmpfs", "ramfs", "overlay")


@dataclasses.dataclass(frozen=True)
class Scale:
    """How much is stored. The full one is what the budgets are stated for."""
    folder: pathlib.Path        # where stores are made
    stored_bytes: int = 2_000_000_000       # written by a row with 100 or more in flight, so that segments recycle
    flush_seconds: int = 20                 # of a row bound by one flush a message
    memory_bytes: int = 500_000_000         # written to a memory stream
    msgs: int = 1_000_000                   # consumed, purged; keys of a bucket
    deletes_of: int = 5_000_000
    subjects: tuple = (1_000_000, 10_000_000)
    store_bytes: tuple = (500_000_000, 5_000_000_000)


def quick_scale(folder):
    return Scale(folder, 50_000_000, 2, 50_000_000, 100_000, 200_000, (100_000, 1_000_000), (50_000_000, 500_000_000))


# --- the disk ---

def filesystem_of(folder):
    """The type of the file system that holds a folder."""
    best, kind = "", ""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        place, of = line.split()[1:3]
        if pathlib.Path(folder).resolve().is_relative_to(place) and len(place) >= len(best):
            best, kind = place, of
    return kind


def store_folder(path):
    path.mkdir(parents=True, exist_ok=True)
    if filesystem_of(path) in MEMORY_DISKS:
        raise servers.Failure(f"{path} is not on a real disk: name another place with --store")
    return path


def settle(folder):
    """Nothing of the run before is still on its way to the disk."""
    subprocess.run(["sync", "-f", folder], check=True)


def probe_us(folder):
    """The p50 of writing a page of an existing file and fdatasync."""
    path = pathlib.Path(folder, "probe")
    page, took = os.urandom(PROBE_BYTES), []
    path.write_bytes(bytes(PROBES * PROBE_BYTES))
    fd = os.open(path, os.O_WRONLY)
    try:
        os.fsync(fd)
        for i in range(PROBES):
            start = time.perf_counter()
            os.pwrite(fd, page, i * PROBE_BYTES)
            os.fdatasync(fd)
            took.append(time.perf_counter() - start)
    finally:
        os.close(fd)
        path.unlink()
    return statistics.median(took) * 1e6


# --- rounds ---

@dataclasses.dataclass(frozen=True)
class Side:
    """One run of a round: a fresh server, a load."""
    label: str
    contender: servers.Contender
    load: str
    setup: servers.Setup = servers.Setup(jetstream=True)


LAZY = servers.Setup(jetstream=True)
ALWAYS = servers.Setup(jetstream=True, sync="always")


def empty(folder):
    """Gives back the space of what a run has stored. The files themselves stay until the last round is over: for
    minutes after files were removed ext4 without a journal looks for long at each place where a new one could be,
    and who makes many files would be measured behind the removals of the run before."""
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def run_side(bench, side, parent):
    settle(bench.scale.folder)
    probe = probe_us(bench.scale.folder)
    folder = tempfile.mkdtemp(prefix="run-", dir=parent)
    with servers.running_in(folder, side.contender, side.setup) as server:
        figures = bench.load(server, side.load, RUN_SECONDS_MAX)
    empty(folder)
    return figures | {"probe_us": probe}


def started(bench, contender, setup=LAZY):
    return servers.running(contender, setup, parent=bench.scale.folder)


def probes_apart(figures):
    probes = [one["probe_us"] for one in figures.values()]
    return max(probes) / min(probes)


def rounds(bench, sides, wanted):
    """`wanted` rounds as {label: figures}, in which the disk was in one mood; at worst, the most even ones of twice
    as many. Who begins alternates."""
    with tempfile.TemporaryDirectory(prefix="midge-bench-", dir=bench.scale.folder) as parent:
        return rounds_in(bench, sides, wanted, parent)


def rounds_in(bench, sides, wanted, parent):
    done = []
    for turn in range(2 * wanted + 1):
        order = sides if turn % 2 == 0 else sides[::-1]
        done.append({side.label: run_side(bench, side, parent) for side in order})
        apart = probes_apart(done[-1])
        log("    probes " + " / ".join(f"{done[-1][side.label]['probe_us']:.0f}" for side in sides) + " µs")
        if apart > PROBES_APART_MAX:
            log(f"    to be repeated: the disk's probes differ by {apart:.1f}")
        even = [one for one in done if probes_apart(one) <= PROBES_APART_MAX]
        if len(even) == wanted:
            return even
    return sorted(done, key=probes_apart)[:wanted]


def ratio(done, of, to, name):
    """The median of the rounds' ratios."""
    return statistics.median(one[of][name] / one[to][name] for one in done)


def middle(done, label, name):
    return statistics.median(one[label][name] for one in done)


def least(done, label, name):
    return min(one[label][name] for one in done)


# --- single requests ---

class Client:
    """A connection that asks one thing at a time."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.ports["client"]), timeout=60)
        self.file = self.socket.makefile("rb")
        self.file.readline()        # INFO
        hello = b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB _INBOX.one 1\r\n'
        self.socket.sendall(hello)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def request(self, subject, payload=""):
        """The answer's payload; None: nobody is there to answer."""
        data = payload.encode()
        self.socket.sendall(f"PUB {subject} _INBOX.one {len(data)}\r\n".encode() + data + b"\r\n")
        while True:
            line = self.file.readline()
            if not line:
                raise servers.Failure(f"{subject}: the server closed the connection")
            words = line.split()
            if words[0] == b"PING":
                self.socket.sendall(b"PONG\r\n")
            if words[0] in (b"MSG", b"HMSG"):
                body = self.file.read(int(words[-1]) + 2)[:-2]
                return None if words[0] == b"HMSG" else body.decode()


def why_not(bench):
    """Why the JetStream rows cannot be measured; "": they can."""
    for contender in (bench.theirs, bench.ours):
        try:
            with started(bench, contender) as server, Client(server) as client:
                if client.request("$JS.API.INFO") is None:
                    return f"{contender.name} does not serve JetStream"
        except (servers.Failure, OSError) as failure:
            return f"{contender.name} does not serve JetStream: {str(failure).splitlines()[0]}"
    return ""


@contextlib.contextmanager
def folder_of(bench):
    """A folder on the store's disk for servers that come and go; it goes with what they stored."""
    with tempfile.TemporaryDirectory(prefix="midge-bench-", dir=bench.scale.folder) as folder:
        yield folder
