# SPDX-License-Identifier: Apache-2.0
"""The table, for the terminal and for bench/RESULTS.md, and the machine that it was measured on."""

import datetime
import os
import pathlib
import platform

HEAD = ("", "nats-server", "midge", "ratio", "must", "", "relay", "msgs/s: nats-server / midge",
        "p50 / p99 / p999 µs: nats-server", "midge")
VERDICTS = {None: "", True: "ok", False: "**missed**"}

NOTES = """CPU figures are server CPU nanoseconds (the scheduler's, all threads, until the server is idle again) per
message or delivery of 128 bytes, the minimum of {pairs} interleaved runs; ratios of wall-clock figures are medians
of adjacent pairs. "relay" is `natsrelay`, which only moves the bytes. Latencies are medians of the runs. The load
generator shares the machine's cores with the server.

JetStream rows: nats-server writes lazily, as it does by default, midge syncs before it acks; `always` is nats-server
with `sync_interval: always`. fdatasync is probed before every run, and pairs whose probes differ by more than 1.5 are
repeated. Figures without a verdict that nothing judges come from one pair. "flushes" are those that reached the
disk, "written" is what the server's process gave to the file system."""


def cells(result, columns):
    return (result.title, result.theirs, result.ours, result.ratio, result.must, VERDICTS[result.is_ok],
            result.relay, result.rates, result.theirs_latency, result.ours_latency,
            *(result.extra.get(column, "") for column in columns))


def table(results):
    columns = list(dict.fromkeys(column for result in results for column in result.extra))
    rows = [HEAD + tuple(columns)] + [cells(result, columns) for result in results]
    used = [i for i in range(len(rows[0])) if i < 3 or any(row[i] for row in rows[1:])]
    rows = [[row[i] for i in used] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(used))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule] + lines[1:])


def field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.split(":" if ":" in line else "=", 1)[1].strip().strip('"')
    return "unknown"


def machine():
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    return (f"{os.cpu_count()} cores ({field('/proc/cpuinfo', 'model name')}), {memory:.0f} GB, "
            f"{field('/etc/os-release', 'PRETTY_NAME')}, Linux {kernel}")


def document(sections, bench, command, minutes, loads):
    parts = ["# midge beside nats-server", "",
             f"{datetime.date.today().isoformat()}, `{command}`, {minutes:.0f} minutes.", "",
             f"- Machine: {machine()}; load average {loads[0]:.1f} before the run.",
             f"- nats-server: {bench.theirs.version}", f"- midge: {bench.ours.version}", "",
             NOTES.format(pairs=bench.pairs)]
    for name, results in sections.items():
        parts += ["", f"## {name}", "", table(results)]
    return "\n".join(parts) + "\n"
