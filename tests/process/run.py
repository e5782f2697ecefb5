#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the cases of this folder against a server binary."""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import time
import traceback

import absurd
import backup
import configured
import disk
import files
import flags
import jetstream
import logs
import machine
import monitoring
import pressure
import reloads
import restores
import signals
import sources
import store
import store_import
from harness import LeftOut, World

MODULES = (flags, files, logs, signals, reloads, machine, pressure, jetstream, configured, sources, store,
           store_import, backup, restores, disk, monitoring, absurd)


def find_cases(only):
    for module in MODULES:
        for name, function in vars(module).items():
            if name.startswith("case_") and (only is None or only in f"{module.__name__}.{name}"):
                yield f"{module.__name__}.{name[len('case_'):]}", function


def run_case(binary, is_midge, name, function):
    """(name, "passed" or "failed" or "left out", text)."""
    world = World(binary, is_midge)
    start = time.monotonic()
    try:
        function(world)
        verdict, text = "passed", f"{time.monotonic() - start:.1f} s"
    except LeftOut as reason:
        verdict, text = "left out", str(reason)
    except Exception:                       # any failure is the case's
        verdict, text = "failed", traceback.format_exc()
    finally:
        world.close()
    return name, verdict, text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=4)
    args = parser.parse_args()
    binary = os.path.abspath(args.server)
    said = subprocess.run([binary, "-v"], capture_output=True, text=True, check=True).stdout
    is_midge = "midge" in said
    cases = [c for c in find_cases(args.only) if is_midge or not getattr(c[1], "midge_only", False)]
    if args.list:
        for name, function in cases:
            print(f"{name:40} {(function.__doc__ or '').splitlines()[0]}")
        return 0
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        runs = [pool.submit(run_case, binary, is_midge, *case) for case in cases]
        for done in concurrent.futures.as_completed(runs):
            name, verdict, text = done.result()
            passed += verdict == "passed"
            failed += verdict == "failed"
            print(f"{verdict:8} {name}  {text}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
