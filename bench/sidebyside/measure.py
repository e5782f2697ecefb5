# SPDX-License-Identifier: Apache-2.0
"""Runs loads against two servers in turn and keeps every figure, in adjacent pairs."""

import contextlib
import json
import statistics
import subprocess
import sys

from . import servers

LOAD_SECONDS_MAX = 240


class Bench:
    """What every row needs: the contenders, the load generator, how long and how often."""

    def __init__(self, theirs, ours, relay, natsbench, cert_folder, pairs, seconds, scale):
        self.theirs, self.ours, self.relay = theirs, ours, relay
        self.natsbench, self.cert_folder = natsbench, cert_folder
        self.pairs, self.seconds = pairs, seconds
        self.is_quick = seconds < 1
        self.scale = scale          # of the JetStream rows

    def running(self, contender, setup):
        return servers.running(contender, setup, self.cert_folder)

    def load(self, server, options, timeout=LOAD_SECONDS_MAX):
        """One run of natsbench; its JSON."""
        command = [self.natsbench, *options.split(), *server.load_options()]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise servers.Failure(f"{server.contender.name}: `{options}` hung") from None
        if run.returncode != 0:
            raise servers.Failure(f"{server.contender.name}: `{options}`: {run.stderr.strip()[:400]}")
        figures = json.loads(run.stdout)
        log(f"    {server.contender.name:12} {summary(figures)}")
        return figures

    def in_turn(self, options, setup=servers.Setup(), pairs=None, is_fresh=False):
        """Pairs of runs, (theirs, ours); who begins alternates. `is_fresh`: new servers for every
        run, whose memory at start is then added to the figures."""
        if is_fresh:
            return [self.fresh_pair(options, setup) for _ in range(pairs or self.pairs)]
        with contextlib.ExitStack() as stack:
            both = [stack.enter_context(self.running(c, setup)) for c in (self.theirs, self.ours)]
            return [self.pair(both, options, turn) for turn in range(pairs or self.pairs)]

    def pair(self, both, options, turn):
        order = both if turn % 2 == 0 else both[::-1]
        figures = {server: self.load(server, options) for server in order}
        return figures[both[0]], figures[both[1]]

    def fresh_pair(self, options, setup):
        figures = []
        for contender in (self.theirs, self.ours):
            with self.running(contender, setup) as server:
                figures.append(self.load(server, options))
        return tuple(figures)

    def floor(self, options, pairs=3):
        with self.running(self.relay, servers.Setup()) as server:
            return [self.load(server, options) for _ in range(pairs)]


def log(text):
    print(text, file=sys.stderr, flush=True)


def summary(figures):
    shown = ("rate", "cpu_ns_msg", "cpu_ns_conn", "cpu_ns_sub", "bytes_conn", "bytes_sub", "p50_us", "p99_us",
             "errors", "during_p99_us", "quiet_p99_us", "standing_p99_us", "rise", "rise_least",
             "rise_most", "loss", "loss_least", "loss_most", "beside_seconds")
    return "  ".join(f"{name} {figures[name]:,.4g}" for name in shown if name in figures)


def column(pairs, side, name):
    return [pair[side][name] for pair in pairs if name in pair[side]]


def median_ratio(pairs, name):
    return statistics.median(ours[name] / theirs[name] for theirs, ours in pairs)


def median(values):
    return statistics.median(values)
