# SPDX-License-Identifier: Apache-2.0
"""The JetStream rows: stored publishes.

Ours is fsynced before every ack; theirs is written lazily unless a row says `always`, which is nats-server with
`sync_interval: always`. Each run has a server and a store of its own."""

import dataclasses

from .jetstream import ALWAYS, JUDGED_ROUNDS, LAZY, Side, least, middle, ratio, rounds
from .result import Result, count_text, latency_text, number_text

STORED_HEAD_BYTES = 46      # of a message on the benchmark's subjects, as nats-server counts


@dataclasses.dataclass(frozen=True)
class Publish:
    payload: int
    pubs: int
    window: int
    storage: str = "file"
    rate: float = None      # what is judged: our rate, in theirs
    always: float = None    # our rate, in theirs with `always`
    cpu: float = None       # our CPU a message, in theirs
    p50: float = None       # our p50, in theirs with `always`

    @property
    def in_flight(self):
        return self.pubs * self.window

    @property
    def key(self):
        kind = "mem" if self.storage == "memory" else "pub"
        return f"js-{kind}-{self.payload}-{self.pubs}x{self.window}"

    @property
    def title(self):
        size = "1 KiB" if self.payload == 1024 else f"{self.payload} B"
        return f"{size}, {self.storage}, {self.pubs} × {self.window} in flight"

    @property
    def is_judged(self):
        return any((self.rate, self.always, self.cpu, self.p50))

    def load(self, scale, is_always=False):
        load = f"jspub -b {self.payload} -c {self.pubs} -w {self.window}"
        if is_always or self.in_flight == 1:
            return f"{load} -T {scale.flush_seconds}"
        if self.storage == "memory":
            return f"{load} -m -n {scale.memory_bytes // (self.payload + STORED_HEAD_BYTES)}"
        if self.in_flight < 100:
            return f"{load} -T {scale.flush_seconds}"
        return f"{load} -n {scale.stored_bytes // (self.payload + STORED_HEAD_BYTES)}"


JUDGED = [
    Publish(128, 1, 1000, rate=1.5, always=100, cpu=0.35),
    Publish(128, 10, 100, rate=1.5, always=100),
    Publish(128, 100, 1, rate=1.2),
    Publish(1024, 1, 1000, rate=1.0),
    Publish(128, 1, 1, p50=0.75),
    Publish(1024, 1, 1, p50=0.75),
    Publish(128, 1, 1000, "memory", rate=2),
    Publish(128, 10, 100, "memory", rate=2),
]


def publishes():
    """What is judged, then every other combination, for the record."""
    judged = {(p.payload, p.pubs, p.window) for p in JUDGED if p.storage == "file"}
    return JUDGED + [Publish(payload, pubs, window) for payload in (128, 1024) for window in (1, 100, 1000)
                     for pubs in (1, 10, 100) if (payload, pubs, window) not in judged]


def disk_text(run):
    if "flushes_million" not in run:
        return "?"
    return f"{run['flushes_million']:,.0f} / {run['written_bytes_msg']:,.0f} MB"


def rate_text(run):
    errors = f" ({run['errors'] / (run['errors'] + run['msgs']):.1%} refused)" if run["errors"] else ""
    return count_text(run["rate"]) + errors


def bound(limit, value, is_floor):
    sign = "≥" if is_floor else "≤"
    return {"must": f"{sign} {limit:g} ×", "is_ok": value >= limit if is_floor else value <= limit} if limit else {}


def publish_rows(bench, publish):
    lazy = Side("theirs", bench.theirs, publish.load(bench.scale), LAZY)
    ours = Side("ours", bench.ours, publish.load(bench.scale), LAZY)
    always = Side("always", bench.theirs, publish.load(bench.scale, is_always=True), ALWAYS)
    sides = [lazy, ours] + ([always] if publish.always or publish.p50 else [])
    done = rounds(bench, sides, JUDGED_ROUNDS if publish.is_judged and not bench.is_quick else 1)
    runs = {side.label: [one[side.label] for one in done] for side in sides}
    rows = [rate_row(publish, done, runs), cpu_row(publish, done)]
    if publish.always:
        rows.append(always_row(publish, done))
    if publish.p50:
        rows.append(p50_row(publish, done))
    return rows


def rate_row(publish, done, runs):
    value = ratio(done, "ours", "theirs", "rate")
    extra = {} if publish.storage == "memory" else {"flushes / written a million: nats-server": disk_text(runs["theirs"][-1]),
                                                    " midge": disk_text(runs["ours"][-1])}
    return Result(f"{publish.title}, msgs/s", rate_text(runs["theirs"][-1] | {"rate": middle(done, "theirs", "rate")}),
                  rate_text(runs["ours"][-1] | {"rate": middle(done, "ours", "rate")}), f"{value:.2f}",
                  theirs_latency=latency_text(runs["theirs"]), ours_latency=latency_text(runs["ours"]),
                  extra=extra, **bound(publish.rate, value, True))


def cpu_row(publish, done):
    theirs, ours = (least(done, label, "cpu_ns_msg") for label in ("theirs", "ours"))
    return Result(f"{publish.title}, CPU ns", number_text(theirs), number_text(ours), f"{ours / theirs:.2f}",
                  **bound(publish.cpu, ours / theirs, False))


def always_row(publish, done):
    value = ratio(done, "ours", "always", "rate")
    return Result(f"{publish.title}, msgs/s against `always`", count_text(middle(done, "always", "rate")),
                  count_text(middle(done, "ours", "rate")), f"{value:.0f}", **bound(publish.always, value, True))


def p50_row(publish, done):
    value = ratio(done, "ours", "always", "p50_us")
    return Result(f"{publish.title}, p50 µs against `always`", number_text(middle(done, "always", "p50_us")),
                  number_text(middle(done, "ours", "p50_us")), f"{value:.2f}", **bound(publish.p50, value, False))


def section_of(publish):
    """What takes long stands in tables of its own, so that each can be measured alone."""
    if publish.storage == "memory":
        return "JetStream: stored publishes, in memory"
    if not publish.is_judged:
        return "JetStream: stored publishes, the other combinations"
    return "JetStream: stored publishes, one in flight" if publish.window == 1 else "JetStream: stored publishes"


def all_rows():
    return [(publish.key, section_of(publish), lambda bench, publish=publish: publish_rows(bench, publish))
            for publish in publishes()]
