# SPDX-License-Identifier: Apache-2.0
"""The table, for the terminal and for bench/RESULTS.md, and the machine that it was measured on."""

import datetime
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = ("", "nats-server", "midge", "ratio", "must", "", "relay", "msgs/s: nats-server / midge",
        "p50 / p99 / p999 µs: nats-server", "midge")
VERDICTS = {None: "", True: "ok", False: "**missed**"}

NOTES = """CPU figures are server CPU nanoseconds (the scheduler's, all threads, until the server is idle again) per
message or delivery of 128 bytes, the minimum of 11 interleaved runs (`--quick`: 3); ratios of wall-clock
figures are medians of adjacent pairs. "relay" is `natsrelay`, which only moves the bytes. Latencies are medians of the
runs. The load generator shares the machine's cores with the server.

JetStream rows: nats-server writes lazily, as it does by default, midge syncs before it acks; `always` is nats-server
with `sync_interval: always`. fdatasync is probed before every run, and pairs whose probes differ by more than 1.5 are
repeated. Figures without a verdict that nothing judges come from one pair. "flushes" are those that reached the
disk, "written" is what the disk was given until all was on it, whoever wrote it.

Each table says when and how it was measured: `./dev bench` measures all, with `--only` some of them (`core`, `js`, or
rows by name), and only tables all of whose rows were measured are replaced here."""


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


# --- the document: a head, and a section for each table ---

HEAD_TEXT = "# midge beside nats-server\n\n" + NOTES


def commit():
    """What is measured, when it was built from this tree."""
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "bench", "CMakeLists.txt", "cmake")
    return "commit " + (git("rev-parse", "--short=10", "HEAD") or "unknown") + (" with changes" if changed else "")


def section(results, command, of_midge, of_peer, minutes):
    """A table below the line that says how it was measured."""
    return (f"{datetime.date.today().isoformat()}, {of_midge}, {of_peer}, `{command}`, {minutes:.0f} minutes.\n"
            f"{machine()}; load average {os.getloadavg()[0]:.1f} at the end.\n\n{table(results)}")


def sections_of(text):
    """The sections of a document by name, without their titles."""
    parts = text.split("\n## ")[1:]
    return {name.strip(): body.strip() for name, _, body in (part.partition("\n") for part in parts)}


def document(sections, order):
    """`sections`: texts by name; those that `order` does not know any more are left out."""
    return "\n".join([HEAD_TEXT] + [f"\n## {name}\n\n{sections[name]}" for name in order if name in sections]) + "\n"


def replace(path, sections, order):
    kept = sections_of(path.read_text()) if path.exists() else {}
    path.write_text(document(kept | sections, order))
