# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: what is loaded, what is compared, and what midge must reach.

CPU rows compare the minimum of all runs (noise only adds), wall-clock rows the median of the ratios of
adjacent pairs (noise goes both ways, but hits neighbours alike). A latency that is judged by itself counts only
from runs before which the machine was quiet."""

import dataclasses
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time

from .measure import column, median, median_ratio
from .result import Result, count_text, latency_text, number_text
from .servers import Setup


# --- flows: CPU per message, with every transport ---

@dataclasses.dataclass(frozen=True)
class Flow:
    key: str
    title: str
    load: str
    limit: float
    has_floor: bool = False


FLOWS = [
    Flow("pub", "publish, nobody listens", "pub", 0.35, True),
    Flow("1-1", "1 publisher → 1 subscriber", "fan", 0.25, True),
    Flow("4-10", "4 publishers → 10 subscribers, a delivery", "fan -c 4 -s 10", 0.30, True),
    Flow("1-100", "1 → 100, a delivery", "fan -s 100", 0.25, True),
    Flow("queue", "queue group of 10", "queue -c 2 -s 10", 0.25),
    Flow("req", "request/reply, 10 clients × 10 in flight", "req -c 10 -w 10", 0.30),
    Flow("1k", "1 KB, 1 → 1", "fan -b 1024", 0.45),
    Flow("16k", "16 KB, 1 → 1", "fan -b 16384", 0.65),
]


def flow_row(bench, flow, setup=Setup(), pairs=None, is_judged=True):
    load = f"{flow.load} -T {bench.seconds}"
    floor = bench.floor(load) if flow.has_floor and is_judged else []
    runs = bench.in_turn(load, setup, pairs)
    theirs, ours = (min(column(runs, side, "cpu_ns_msg")) for side in (0, 1))
    rates = [median(column(runs, side, "rate")) for side in (0, 1)]
    return Result(
        title=flow.title + ", CPU ns", theirs=number_text(theirs), ours=number_text(ours),
        ratio=f"{ours / theirs:.2f}",
        must=f"≤ {flow.limit} ×" if is_judged else "", is_ok=ours / theirs <= flow.limit if is_judged else None,
        relay=number_text(min(run["cpu_ns_msg"] for run in floor)) if floor else "",
        rates=f"{count_text(rates[0])} / {count_text(rates[1])} ({median_ratio(runs, 'rate'):.1f} ×)",
        theirs_latency=latency_text([pair[0] for pair in runs]),
        ours_latency=latency_text([pair[1] for pair in runs]))


def record_rows(bench, setup):
    """The same loads under other conditions, without a limit."""
    return [flow_row(bench, flow, setup, pairs=min(3, bench.pairs), is_judged=False) for flow in FLOWS]


# --- the other rows of the budget ---

def lone_rows(bench):
    runs = bench.in_turn(f"lone -T {2 * bench.seconds}", pairs=max(5, bench.pairs))
    both = [[pair[side] for pair in runs] for side in (0, 1)]

    def row(name, limit):
        ratio = median_ratio(runs, name + "_us")
        theirs, ours = (median(column(runs, side, name + "_us")) for side in (0, 1))
        return Result(f"lone requester beside a flood, {name} µs", number_text(theirs), number_text(ours),
                      f"{ratio:.2f}", f"≤ {limit} ×", ratio <= limit,
                      theirs_latency=latency_text(both[0]), ours_latency=latency_text(both[1]))
    return [row("p50", 2), row("p99", 0.6)]


def ratio_row(title, theirs, ours, limit):
    return Result(title, number_text(theirs), number_text(ours), f"{ours / theirs:.3f}", f"≤ {limit} ×",
                  ours / theirs <= limit)


def connection_rows(bench):
    runs = bench.in_turn("idle -c 5000", pairs=3, is_fresh=True)
    memory = [median(column(runs, side, "bytes_conn")) for side in (0, 1)]
    cpu = [min(column(runs, side, "cpu_ns_conn")) / 1000 for side in (0, 1)]
    return [ratio_row("idle connection, resident bytes", *memory, 0.05),
            ratio_row("connect and first PONG, CPU µs", *cpu, 0.15)]


def subscription_rows(bench):
    runs = bench.in_turn("subs -n 1000000", pairs=2, is_fresh=True)
    memory = [median(column(runs, side, "bytes_sub")) for side in (0, 1)]
    cpu = [min(column(runs, side, "cpu_ns_sub")) for side in (0, 1)]
    record = Result("subscribing, CPU ns", number_text(cpu[0]), number_text(cpu[1]), f"{cpu[1] / cpu[0]:.3f}")
    return [ratio_row("subscription of a million, resident bytes", *memory, 0.25), record]


def start_rows(bench):
    def rss_at_start(contender):
        with bench.running(contender, Setup()) as server:
            time.sleep(1)
            return server.rss() / 1e6
    memory = [median([rss_at_start(c) for _ in range(3)]) for c in (bench.theirs, bench.ours)]
    return [ratio_row("resident memory at start, MB", *memory, 0.5)]


def size_rows(bench):
    def stripped_size(contender):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, "stripped")
            shutil.copyfile(contender.binary, copy)
            subprocess.run(["strip", copy], check=True)
            return copy.stat().st_size / 1e6
    theirs, ours = stripped_size(bench.theirs), stripped_size(bench.ours)
    return [Result("executable, stripped, shared libraries, MB", f"{theirs:.2f}", f"{ours:.2f}",
                   f"{ours / theirs:.2f}", "≤ 2 MB", ours <= 2)]


# --- what a neighbour may cost ---

QUIET_P99_US = 1000     # of a requester on an idle server; above it the machine itself stumbles
QUIET_PAIRS_MAX = 9


def quiet_pairs(bench, load, setup, wanted=3):
    """Pairs in which our quiet figure shows that the machine was quiet; at the worst, the quietest ones."""
    runs = []
    while len(runs) < QUIET_PAIRS_MAX:
        runs += bench.in_turn(load, setup, pairs=1)
        quiet = [pair for pair in runs if pair[1]["quiet_p99_us"] <= QUIET_P99_US]
        if len(quiet) == wanted:
            return quiet
    return sorted(runs, key=lambda pair: pair[1]["quiet_p99_us"])[:wanted]


def handshake_rows(bench):
    runs = quiet_pairs(bench, f"handshakes -n 500 -c 500 -r 1000 -T {4 * bench.seconds}", Setup(transport="tls", reactors=1))
    theirs, ours = ([pair[side] for pair in runs] for side in (0, 1))
    p99 = [median([run["during_p99_us"] for run in side]) / 1000 for side in (theirs, ours)]
    rates = [median([run["handshakes_per_second"] for run in side]) for side in (theirs, ours)]
    return [Result("others' p99 during 500 RSA-2048 handshakes at once, ms", f"{p99[0]:.2f}", f"{p99[1]:.2f}",
                   f"{p99[1] / p99[0]:.3f}", "< 5 ms", p99[1] < 5,
                   rates=f"{rates[0]:.0f} / {rates[1]:.0f} handshakes/s",
                   theirs_latency=latency_text(theirs, "during_"), ours_latency=latency_text(ours, "during_"))]


def crowd_size():
    """20 000 strangers, or as many as the limit of open files lets both processes hold."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 20000 if hard == resource.RLIM_INFINITY else min(20000, hard - 300)


def slowloris_rows(bench):
    size = crowd_size()
    load = f"slowloris -c {size * 9 // 10} -s {size // 10} -r 1000 -T {4 * bench.seconds}"
    runs = bench.in_turn(load, Setup(is_guarded=True), pairs=3, is_fresh=True)
    theirs, ours = ([pair[side] for pair in runs] for side in (0, 1))

    def worse(side, when):
        return median([run[f"{when}_p99_us"] / run["quiet_p99_us"] for run in side])
    rows = [Result(f"p99 beside {min(r['standing'] for r in ours):,.0f} half-open and slow connections, × quiet",
                   f"{worse(theirs, 'standing'):.2f}", f"{worse(ours, 'standing'):.2f}", "", "≤ 3 × quiet",
                   worse(ours, "standing") <= 3, theirs_latency=latency_text(theirs, "standing_"),
                   ours_latency=latency_text(ours, "standing_"))]
    rows.append(Result("the same while 5 000 a second of them arrive, × quiet", f"{worse(theirs, 'coming'):.2f}",
                       f"{worse(ours, 'coming'):.2f}", theirs_latency=latency_text(theirs, "coming_"),
                       ours_latency=latency_text(ours, "coming_")))
    memory = [median([run["bytes_conn"] for run in side]) for side in (theirs, ours)]
    rows.append(Result("half-open connection, resident bytes", number_text(memory[0]), number_text(memory[1]),
                       f"{memory[1] / memory[0]:.3f}"))
    return rows


def dead_rows(bench):
    """What the others lose, as a share, in the middle of several dead ones."""
    seconds = 20 * min(1, bench.seconds)

    def loss(contender, times):
        with bench.running(contender, Setup()) as server:
            return bench.load(server, f"dead -d {times} -T {seconds}", timeout=600)["loss"]
    theirs, ours = loss(bench.theirs, 3), loss(bench.ours, 15)
    return [Result(f"one subscriber never reads: what others lose in {seconds:.0f} s", f"{theirs:.1%}",
                   f"{ours:.1%}", "", "< 5 %", ours < 0.05)]


def churn_rows(bench):
    runs = bench.in_turn(f"churn -r 100000 -T {2 * bench.seconds}", pairs=3)
    theirs, ours = (median(column(runs, side, "rise")) for side in (0, 1))
    cost = [median(column(runs, side, "churn_cpu_ns_pair")) for side in (0, 1)]
    pace = [median(column(runs, side, "pairs_per_second")) for side in (0, 1)]
    return [Result("CPU per message beside 100 k SUB + UNSUB a second, × alone", f"{theirs:.2f}", f"{ours:.2f}",
                   "", "≤ 1.1 × alone", ours <= 1.1, rates=f"{pace[0]:.0f} / {pace[1]:.0f} pairs/s"),
            Result("SUB + UNSUB alone, CPU ns", number_text(cost[0]), number_text(cost[1]),
                   f"{cost[1] / cost[0]:.2f}")]


# --- all of it: key, section of the report, how ---

BUDGET, RECORD, NEIGHBOURS = "Budgets", "For the record", "Neighbours"


def all_rows():
    rows = [(flow.key, BUDGET, lambda bench, flow=flow: [flow_row(bench, flow)]) for flow in FLOWS]
    rows += [("lone", BUDGET, lone_rows), ("connection", BUDGET, connection_rows),
             ("subscription", BUDGET, subscription_rows), ("start", BUDGET, start_rows),
             ("size", BUDGET, size_rows)]
    rows += [("handshakes", NEIGHBOURS, handshake_rows), ("slowloris", NEIGHBOURS, slowloris_rows),
             ("dead", NEIGHBOURS, dead_rows), ("churn", NEIGHBOURS, churn_rows)]
    for key, title, setup in (("tls", "TLS", Setup(transport="tls")),
                              ("ws", "WebSocket, not compressed", Setup(transport="ws")),
                              ("reactors", "two reactors", Setup(reactors=2))):
        rows.append((key, f"{RECORD}: {title}", lambda bench, setup=setup: record_rows(bench, setup)))
    return rows
