# SPDX-License-Identifier: Apache-2.0
"""The JetStream rows about the store itself: many streams, start-up, memory, and how messages leave."""

import contextlib
import dataclasses
import pathlib
import signal
import subprocess
import threading
import time

from .jetstream import JUDGED_ROUNDS, LAZY, RUN_SECONDS_MAX, Client, Side, folder_of, middle, ratio, rounds, started
from .measure import log, median
from .result import Result, count_text, latency_text, number_text
from .rows_js import bound, rate_text
from .servers import Failure, running_in

STREAMS, STARTS, MEMORY, DELETES = (f"JetStream: {name}" for name in
                                    ("many streams", "start-up", "memory", "purges and deletes"))
JOURNAL_CAP = 256 << 20       # the most that src/store/store_internal.h aims at
LOAD_BEFORE_KILL_SECONDS = 2
KILLS = 3
FIRST_ACK_SECONDS_MAX = 60      # behind its greeting


# --- many streams ---

def streams_rows(bench):
    """The same 1000 in flight over 1, 100 and 1000 streams; all in one round, so that the disk is in one mood."""
    counts, load = (1, 100, 1000), "jspub -c 10 -w 100 -k {} "
    long = f"-n {bench.scale.stored_bytes // 174}"
    short = f"-T {bench.scale.flush_seconds / 2}"      # theirs is for the record, and slow
    theirs = rounds(bench, [Side(f"{k}", bench.theirs, load.format(k) + short, LAZY) for k in counts], 1)
    ours = rounds(bench, [Side(f"{k}", bench.ours, load.format(k) + long, LAZY) for k in counts],
                  2 if bench.is_quick else JUDGED_ROUNDS)
    rows = []
    for k in counts:
        theirs_share, ours_share = (ratio(done, f"{k}", "1", "rate") for done in (theirs, ours))
        rows.append(Result(f"{k} stream{'s' * (k > 1)}, 10 × 100 in flight, msgs/s (× of one)",
                           f"{rate_text(theirs[-1][f'{k}'])} ({theirs_share:.2f})",
                           f"{count_text(middle(ours, f'{k}', 'rate'))} ({ours_share:.2f})",
                           f"{middle(ours, f'{k}', 'rate') / middle(theirs, f'{k}', 'rate'):.2f}",
                           must="≥ 0.7 of one" if k == 1000 else "", is_ok=ours_share >= 0.7 if k == 1000 else None,
                           theirs_latency=latency_text([one[f"{k}"] for one in theirs]),
                           ours_latency=latency_text([one[f"{k}"] for one in ours])))
    return rows


class JournalWatch:
    """The largest size that midge's journal has while something runs."""

    def __init__(self, server):
        self.folder = pathlib.Path(server.folder, "store/midge/journal")
        self.largest, self.is_over = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def size(self):
        size = 0
        for path in self.folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):        # recycled meanwhile
                size += path.stat().st_size
        return size

    def watch(self):
        while not self.is_over.wait(0.2):
            self.largest = max(self.largest, self.size())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


def cold_rows(bench):
    load = f"jscold -c 1 -w 1000 -k 1000 -r 100 -n {bench.scale.stored_bytes // 174}"
    figures, journal = [], 0
    for contender in (bench.theirs, bench.ours):
        with started(bench, contender) as server, JournalWatch(server) as watch:
            figures.append(bench.load(server, load, RUN_SECONDS_MAX))
        journal = watch.largest
    beyond = [(run["max_us"] - run["sync_max_us"]) / 1000 for run in figures]
    ours = figures[1]
    return [Result("longest ack of a hot stream beside 999 cold ones, beyond the slowest fdatasync, ms",
                   f"{beyond[0]:.0f}", f"{beyond[1]:.0f}", "", "≤ 50 ms", beyond[1] <= 50,
                   rates=" / ".join(count_text(run["rate"]) for run in figures),
                   theirs_latency=latency_text(figures[:1]), ours_latency=latency_text([ours])),
            Result("journal at its largest meanwhile, MB", "", f"{journal / 1e6:.0f}", "",
                   f"≤ {JOURNAL_CAP / 1e6:.0f} MB", 0 < journal <= JOURNAL_CAP)]


# --- start-up ---

def first_answer_ms(server):
    with Client(server) as client:
        if client.request("$JS.API.INFO") is None:
            raise Failure(f"{server.contender.name} does not answer after its start")
    return (time.monotonic() - server.started) * 1000


def first_ack_ms(server):
    """From the start of the process to the ack of a publish into a stream that was there."""
    greeted = time.monotonic()
    with Client(server) as client:
        while True:
            ack = client.request("js.0000.00000000", "first")
            if ack is not None and '"seq"' in ack:
                return (time.monotonic() - server.started) * 1000
            time.sleep(0.001)
            if time.monotonic() - greeted > FIRST_ACK_SECONDS_MAX:
                raise Failure(f"{server.contender.name}: no ack after kill -9 and a start: {ack or 'the stream is gone'}")


def fresh_rows(bench):
    def fresh(contender):
        with started(bench, contender) as server:
            return first_answer_ms(server)
    theirs, ours = (median([fresh(c) for _ in range(5)]) for c in (bench.theirs, bench.ours))
    return [Result("fresh start until the API answers, ms", number_text(theirs), number_text(ours),
                   f"{ours / theirs:.2f}", "< 50 ms", ours < 50)]


@dataclasses.dataclass(frozen=True)
class Store:
    """What is in a store that is killed under load."""
    title: str
    fill: str       # jsfill's options
    load: str       # of the load at the moment of the kill: jspub's


def bytes_store(size):
    shape = "-b 1024 -k 10 -f 100"      # 1 000 subjects
    return Store(f"{size / 1e9:g} GB of 1 KiB, 1 000 subjects, 10 streams", f"{shape} -n {size // 1070}", shape)


def subjects_store(count):
    return Store(f"{count_text(count)} subjects", f"-b 16 -f {count} -n {count}", f"-b 16 -f {count}")


def kill_under_load(bench, server, load):
    """kill -9 while messages are under way; natsbench dies of it."""
    command = [bench.natsbench, "jspub", "-K", "-w", "1000", "-T", "60", *load.split(), *server.load_options(), "-P", "0"]
    writer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(LOAD_BEFORE_KILL_SECONDS)
    was_running = writer.poll() is None
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    writer.wait()
    if not was_running:
        raise Failure(f"{server.contender.name}: the load ended before the kill")


def start_after_kill(bench, contender, store):
    """Milliseconds to the first ack after kill -9, the median of a few (how much of the journal is to be read is a
    matter of the moment); then, after a clean restart, resident bytes beyond those of an empty server."""
    took = []
    with folder_of(bench) as folder:
        with running_in(folder, contender, LAZY) as server:
            empty = server.rss_idle()
            bench.load(server, f"jsfill {store.fill}", RUN_SECONDS_MAX)
            kill_under_load(bench, server, store.load)
        for kill in range(KILLS):
            with running_in(folder, contender, LAZY) as server:
                took.append(first_ack_ms(server))
                if kill + 1 < KILLS:
                    kill_under_load(bench, server, store.load)
        with running_in(folder, contender, LAZY) as server:
            resident = server.rss_idle() - empty
    log(f"    {contender.name:12} {store.title}: first ack after {', '.join(f'{t:,.0f}' for t in took)} ms, "
        f"{resident / 1e6:,.0f} MB")
    return median(took), resident


def recovery_rows(bench):
    stores = [bytes_store(size) for size in bench.scale.store_bytes]
    took = [[start_after_kill(bench, contender, store)[0] for contender in (bench.theirs, bench.ours)] for store in stores]
    most = 1.2 * took[0][1] + 50
    rows = [Result(f"kill -9 under load to the first ack, {store.title}, ms", number_text(theirs), number_text(ours),
                   f"{ours / theirs:.2f}") for store, (theirs, ours) in zip(stores, took)]
    rows[1].must, rows[1].is_ok = f"< 1 s, ≤ {most:.0f} ms", took[1][1] < 1000 and took[1][1] <= most
    return rows


def subjects_rows(bench):
    rows = []
    for count in bench.scale.subjects:
        store = subjects_store(count)
        both = [start_after_kill(bench, contender, store) for contender in (bench.theirs, bench.ours)]
        rows.append(Result(f"{store.title}: kill -9 under load to the first ack, ms", number_text(both[0][0]),
                           number_text(both[1][0]), f"{both[1][0] / both[0][0]:.2f}"))
        each = [resident / count for _, resident in both]
        is_judged = count == max(bench.scale.subjects)
        rows.append(Result(f"{store.title}: resident bytes each, after a restart", number_text(each[0]),
                           number_text(each[1]), f"{each[1] / each[0]:.2f}", "≤ 120 B" if is_judged else "",
                           each[1] <= 120 if is_judged else None))
    return rows


# --- memory ---

def memory_rows(bench):
    size = bench.scale.store_bytes[-1]

    def resident(contender):
        with started(bench, contender) as server:
            written = bench.load(server, f"jsfill -b 1024 -f 1000 -n {size // 1070}", RUN_SECONDS_MAX)
            read = bench.load(server, "jsconsume -B 1000 -w 2", RUN_SECONDS_MAX)
            return max(written["rss_bytes"], read["rss_bytes"]) / 1e6
    theirs, ours = resident(bench.theirs), resident(bench.ours)
    return [Result(f"resident after writing and reading back {size / 1e9:g} GB, MB", number_text(theirs),
                   number_text(ours), f"{ours / theirs:.2f}", "< 400 MB", ours < 400)]


# --- purges and deletes ---

PURGES = (("whole_ms", "purge of a whole stream"), ("subject_ms", "purge by subject"),
          ("sequence_ms", "purge by sequence"), ("stream_ms", "deletion of a stream"))


def purge_rows(bench):
    figures = []
    for contender in (bench.theirs, bench.ours):
        with started(bench, contender) as server:
            figures.append(bench.load(server, f"jspurge -n {bench.scale.msgs}", RUN_SECONDS_MAX))
    theirs, ours = figures
    return [Result(f"{title}, {count_text(bench.scale.msgs)} messages, ms", number_text(theirs[name]),
                   number_text(ours[name]), f"{ours[name] / theirs[name]:.2f}", "< 1 s", ours[name] < 1000)
            for name, title in PURGES]


def delete_rows(bench):
    count = bench.scale.deletes_of

    def measured(contender):
        with started(bench, contender) as server:
            bench.load(server, f"jsfill -n {count}", RUN_SECONDS_MAX)
            before = bench.load(server, f"jsconsume -B 1000 -w 2 -n {count}", RUN_SECONDS_MAX)
            deletes = bench.load(server, f"jsdelete -n {count} -w 100", RUN_SECONDS_MAX)
            after = bench.load(server, f"jsconsume -B 1000 -w 2 -n {count}", RUN_SECONDS_MAX)
            return {"reads": after["rate"] / before["rate"], "deletes": deletes["last_rate"] / deletes["first_rate"],
                    "rate": deletes["rate"], "memory": (deletes["rss_bytes"] - deletes["rss_before_bytes"]) / (count // 2)}
    theirs, ours = measured(bench.theirs), measured(bench.ours)
    what = f"every second of {count_text(count)} deleted"

    def row(name, title, limit=None, is_floor=True):
        return Result(f"{what}: {title}", f"{theirs[name]:.2f}", f"{ours[name]:.2f}", "",
                      **bound(limit, ours[name], is_floor))
    return [Result(f"{what}, 100 in flight, a second", count_text(theirs["rate"]), count_text(ours["rate"]),
                   f"{ours['rate'] / theirs['rate']:.2f}"),
            row("deletes", "rate of the last tenth, × the first", 0.5),
            row("reads", "reading what is left, msgs/s × before", 0.5),
            row("memory", "resident bytes more for each")]


def all_rows():
    return [("js-streams", STREAMS, streams_rows), ("js-cold", STREAMS, cold_rows),
            ("js-fresh", STARTS, fresh_rows), ("js-recovery", STARTS, recovery_rows),
            ("js-subjects", STARTS, subjects_rows), ("js-memory", MEMORY, memory_rows),
            ("js-purge", DELETES, purge_rows), ("js-delete", DELETES, delete_rows)]
