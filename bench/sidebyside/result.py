# SPDX-License-Identifier: Apache-2.0
"""A line of the table, and figures as texts."""

import dataclasses

from .measure import median


@dataclasses.dataclass
class Result:
    """One line of the table. Figures are texts already; `is_ok` None: for the record only."""
    title: str
    theirs: str
    ours: str
    ratio: str = ""
    must: str = ""
    is_ok: bool = None
    relay: str = ""
    rates: str = ""
    theirs_latency: str = ""
    ours_latency: str = ""
    extra: dict = dataclasses.field(default_factory=dict)      # column: text


def count_text(n):
    return f"{n / 1e6:.2f} M" if n >= 1e6 else f"{n / 1e3:.0f} k" if n >= 1e4 else f"{n:.0f}"


def number_text(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}"


def latency_text(runs, prefix=""):
    names = [prefix + name for name in ("p50_us", "p99_us", "p999_us")]
    if not runs or names[0] not in runs[0]:
        return ""
    return " / ".join(number_text(median([run[name] for run in runs])) for name in names)
