# SPDX-License-Identifier: Apache-2.0
"""The JetStream rows that read: consumers and key-value buckets. Both servers stand, each with the same messages, and
are read in turn."""

import contextlib
import dataclasses

from .jetstream import JUDGED_ROUNDS, RUN_SECONDS_MAX, folder_of, started
from .measure import column, median, median_ratio
from .result import Result, count_text, latency_text, number_text
from .rows_js import bound
from .servers import Setup, running_in

CONSUMERS, BUCKETS = "JetStream: consumers", "JetStream: key-value"
CPU_LIMIT, RATE_LIMIT, P50_LIMIT, KEY_LIMIT = 0.5, 1.5, 1.0, 0.5
FILTER_SUBJECTS = 1000


def filled_pairs(bench, fill, loads, pairs):
    """Fills a server of each kind, then runs the loads in turn; {load: pairs of figures}, and the fills' figures."""
    with contextlib.ExitStack() as stack:
        both = [stack.enter_context(started(bench, contender)) for contender in (bench.theirs, bench.ours)]
        fills = tuple(bench.load(server, fill, RUN_SECONDS_MAX) for server in both)
        return {load: [bench.pair(both, load, turn) for turn in range(pairs)] for load in loads}, fills


# --- consumers ---

@dataclasses.dataclass(frozen=True)
class Consume:
    key: str
    title: str
    load: str
    batch: int              # 0: push
    share: float = 1        # of the messages


def consumes():
    for batch, pulls, share in ((1, 1, 0.1), (100, 2, 1), (1000, 2, 1)):
        for acks in ("", " -a"):
            yield Consume(f"js-pull-{batch}{'-acks' if acks else ''}", f"pull, batch {batch}{', acks' if acks else ''}",
                          f"-w {pulls}{acks}", batch, share)
    yield Consume("js-push", "push", "", 0)
    yield Consume("js-push-acks", "push, acks", "-a", 0)
    yield Consume("js-filter-pull", "1 subject of 1000, pull, batch 100", "-F -w 2", 100)
    yield Consume("js-filter-push", "1 subject of 1000, push", "-F", 0)


def consume_rows(bench, consume):
    msgs = bench.scale.msgs
    fill = f"jsfill -n {msgs} -f {FILTER_SUBJECTS}"
    load = f"jsconsume -B {consume.batch} -n {int(msgs * consume.share)} {consume.load}"
    runs = filled_pairs(bench, fill, [load], 3 if bench.is_quick else JUDGED_ROUNDS)[0][load]
    both = [[pair[side] for pair in runs] for side in (0, 1)]
    cpu = [min(column(runs, side, "cpu_ns_msg")) for side in (0, 1)]
    rates = [median(column(runs, side, "rate")) for side in (0, 1)]
    latencies = {"theirs_latency": latency_text(both[0]), "ours_latency": latency_text(both[1])} if consume.batch else {}
    rows = [Result(f"{consume.title}, CPU ns", number_text(cpu[0]), number_text(cpu[1]), f"{cpu[1] / cpu[0]:.2f}",
                   **bound(CPU_LIMIT, cpu[1] / cpu[0], False))]
    value = median_ratio(runs, "rate")
    rows.append(Result(f"{consume.title}, msgs/s", count_text(rates[0]), count_text(rates[1]), f"{value:.2f}",
                       **latencies, **bound(RATE_LIMIT if consume.batch >= 100 else None, value, True)))
    if consume.batch == 1:
        value = median_ratio(runs, "p50_us")
        p50 = [median(column(runs, side, "p50_us")) for side in (0, 1)]
        rows.append(Result(f"{consume.title}, p50 µs", number_text(p50[0]), number_text(p50[1]), f"{value:.2f}",
                           **bound(P50_LIMIT, value, False)))
    return rows


# --- buckets ---

BUCKET_OPERATIONS = [
    # key, title, options, what one is
    ("get", "get, 10 clients × 10 in flight", "-x get -c 10 -w 10", "op"),
    ("watch", "watch of all keys", "-x watch", "key"),
    ("keys", "listing of all keys", "-x keys", "key"),
]


def operation_rows(title, unit, runs):
    cpu = [min(column(runs, side, "cpu_ns_msg")) for side in (0, 1)]
    rates = [median(column(runs, side, "rate")) for side in (0, 1)]
    return [Result(f"{title}, CPU ns a{'n' if unit == 'op' else ''} {unit}", number_text(cpu[0]), number_text(cpu[1]),
                   f"{cpu[1] / cpu[0]:.2f}",
                   rates=f"{count_text(rates[0])} / {count_text(rates[1])} ({median_ratio(runs, 'rate'):.1f} ×)",
                   theirs_latency=latency_text([p[0] for p in runs]) if runs[0][0]["samples"] else "",
                   ours_latency=latency_text([p[1] for p in runs]) if runs[0][1]["samples"] else "")]


def bucket_read_rows(bench):
    keys = bench.scale.msgs
    size = f"-f {keys} -n {keys}"
    fill = f"jskv -x put {size} -c 1 -w 1000"
    loads = [f"jskv {options} {size}" for _, _, options, _ in BUCKET_OPERATIONS]
    runs, _ = filled_pairs(bench, fill, loads, 3)
    rows = []
    for (_, title, _, unit), load in zip(BUCKET_OPERATIONS, loads):
        rows += operation_rows(f"{title}, {count_text(keys)} keys", unit, runs[load])
    return rows


def bucket_write_rows(bench):
    """put and cas make a bucket of their own each time, whose keys are then written once more."""
    keys = bench.scale.msgs
    loads = {"put, 10 clients × 10 in flight": f"jskv -x put -f {keys} -n {keys} -c 10 -w 10",
             "compare and set, 10 clients × 10 in flight": f"jskv -x cas -f {keys // 2} -n {keys // 2} -c 10 -w 10"}
    with contextlib.ExitStack() as stack:
        both = [stack.enter_context(started(bench, contender)) for contender in (bench.theirs, bench.ours)]
        runs = {title: [bench.pair(both, load, turn) for turn in range(3)] for title, load in loads.items()}
    return [row for title, pairs in runs.items() for row in operation_rows(title, "op", pairs)]


def bucket_history_rows(bench):
    """10 values of each key, asked for one key after the other."""
    keys = bench.scale.msgs // 10
    fill = f"jskv -x put -f {keys} -n {10 * keys} -H 10 -c 1 -w 1000"
    load = f"jskv -x history -f {keys} -n {min(keys, 5000)}"
    runs, _ = filled_pairs(bench, fill, [load], 3)
    return operation_rows("history of 10 values", "op", runs[load])


def bytes_each(bench, contender, load, count):
    """What `count` things cost in resident memory, after a clean stop and a new start: without what writing left
    behind, and without the server itself."""
    setup = Setup(jetstream=True)
    with folder_of(bench) as folder:
        with running_in(folder, contender, setup) as server:
            empty = server.rss_idle()
            bench.load(server, load, RUN_SECONDS_MAX)
            written = server.rss()
        with running_in(folder, contender, setup) as server:
            return (server.rss_idle() - empty) / count, (written - empty) / count


def bucket_memory_rows(bench):
    keys = bench.scale.msgs
    load = f"jskv -x put -f {keys} -n {keys} -c 1 -w 1000"
    both = [bytes_each(bench, contender, load, keys) for contender in (bench.theirs, bench.ours)]
    rows = []
    for when, title in ((0, "after a restart"), (1, "after writing them")):
        value = both[1][when] / both[0][when]
        rows.append(Result(f"a key of {count_text(keys)}, resident bytes {title}", number_text(both[0][when]),
                           number_text(both[1][when]), f"{value:.2f}", **bound(KEY_LIMIT if when == 0 else None, value, False)))
    return rows


def all_rows():
    rows = [(consume.key, CONSUMERS, lambda bench, consume=consume: consume_rows(bench, consume))
            for consume in consumes()]
    return rows + [("js-kv-write", BUCKETS, bucket_write_rows), ("js-kv-read", BUCKETS, bucket_read_rows),
                   ("js-kv-history", BUCKETS, bucket_history_rows), ("js-kv-memory", BUCKETS, bucket_memory_rows)]
