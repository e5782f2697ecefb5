#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays the dialogs in this folder against a NATS server and compares every byte it sends.

  run.py --server PATH              check all dialogs
  run.py --server PATH --only GLOB  only those whose name (topic/name) matches
  run.py --server PATH --record     rewrite the expected lines from what this server sends

README.md explains how a dialog is written.
"""

import argparse
import concurrent.futures
import fnmatch
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

from player import certs
from player.dialog import Dialog
from player.play import Mismatch, Player
from player.server import ServerError, binary_from
from player.text import DialogError
import schemas  # found by player

HERE = os.path.dirname(os.path.abspath(__file__))

# Stories too long for a dialog file: name and script.
CASES = {"stress/pong_barrier": "pong_barrier.py"}


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--server", required=True, help="the server binary")
    parser.add_argument("--jobs", type=int, default=4, help="dialogs at a time (default 4)")
    parser.add_argument("--only", action="append", default=[], help="topic/name pattern; may be repeated")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--reactors", type=int, default=1, help="reactors of midge (default 1)")
    parser.add_argument("--repeat", type=int, default=1, help="play each dialog this often")
    parser.add_argument("--env", action="append", default=[],
                        help="`sanitizer` (strict sanitizer options, more patience) or NAME=VALUE")
    parser.add_argument("--keep", action="store_true", help="keep the folders of failed dialogs")
    return parser.parse_args()


def read_pending():
    """Patterns of the dialogs that midge cannot play yet; only asking for one by name plays it."""
    with open(os.path.join(HERE, "pending")) as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def find_dialogs(patterns, left_out):
    found = [(None, name) for name in CASES if wanted(name, patterns)]
    for path in sorted(glob.glob(os.path.join(HERE, "**", "*.dialog"), recursive=True)):
        name = os.path.relpath(path, HERE).removesuffix(".dialog")
        if wanted(name, patterns) and not (left_out and wanted(name, left_out)):
            found.append((path, name))
    return found


def wanted(name, patterns):
    return not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def play_one(path, name, binary, cert_folder, args):
    """None when the dialog passes, else the report of its failure."""
    if path is None:
        return play_case(name, args)
    folder = tempfile.mkdtemp(prefix="dialog-")
    player, problem = None, None
    try:
        dialog = Dialog(path, name)
        player = Player(dialog, binary, folder, cert_folder, args.record, args.schemas)
        player.play()
        if args.record:
            dialog.rewrite()
    except Mismatch as error:
        problem = report_mismatch(error)
    except (DialogError, ServerError, OSError) as error:
        problem = f"{type(error).__name__}: {error}"
    except Exception:  # a fault of the player must not hide behind the other dialogs
        problem = traceback.format_exc()
    if player and player.server:
        player.server.kill()
        if problem:
            problem += "\n" + indent("log", player.server.log().splitlines()[-8:])
    if not (problem and args.keep):
        shutil.rmtree(folder, ignore_errors=True)
    elif problem:
        problem += f"\n  kept: {folder}"
    return problem and report(name, problem, args)


def play_case(name, args):
    """A script in a process of its own, so that dialogs do not slow it down."""
    if args.record:
        return None
    words = [sys.executable, os.path.join(HERE, CASES[name]), "--server", args.server]
    words += ["--reactors", str(args.reactors), *(f"--env={word}" for word in args.env)]
    done = subprocess.run(words, capture_output=True, text=True)
    return report(name, done.stderr.strip(), args) if done.returncode else None


def report_mismatch(error):
    where = f"line {error.step.number}: " if error.step else "at the end: "
    return "\n".join([where + error.reason, indent("expected", error.expected), indent("actual  ", error.actual)])


def indent(label, lines):
    return "\n".join(f"  {label} | {line}" for line in lines) or f"  {label} | (nothing)"


def report(name, problem, args):
    rerun = f"run.py --server {args.server} --reactors {args.reactors} --only '{name}'"
    return f"FAIL {name}: {problem}\n  rerun: {rerun}"


def main():
    args = parse_args()
    binary = binary_from(args.server, args.reactors, args.env)
    dialogs = find_dialogs(args.only, read_pending() if binary.is_midge and not args.only else [])
    if not dialogs:
        sys.exit("no dialog matches")
    args.schemas, why = schemas.find()
    if why:
        print(f"no answer is held to its schema: {why}")
    cert_folder = tempfile.mkdtemp(prefix="dialog-certs-")
    failed = 0
    try:
        certs.make_all(cert_folder)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            runs = [pool.submit(play_one, path, name, binary, cert_folder, args)
                    for path, name in dialogs for _ in range(args.repeat)]
            for run in concurrent.futures.as_completed(runs):
                if run.result():
                    failed += 1
                    print(run.result(), flush=True)
    finally:
        shutil.rmtree(cert_folder, ignore_errors=True)
    passed = len(dialogs) * args.repeat - failed
    for row in args.schemas.not_needed() if args.schemas and not args.only else []:
        failed += 1
        print("FAIL tests/schemas/differences: no dialog needs " + " | ".join(row[:3]))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
