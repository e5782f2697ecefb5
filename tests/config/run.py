#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does a server judge every configuration file here as nats-server 2.15.2 does?

    run.py --server PATH            runs `PATH -t -c FILE` for each file and compares with verdicts.json
    run.py --server PATH --record   writes verdicts.json; PATH must be nats-server 2.15.2

Compared are the exit code, the digest of good files, and the lines (of which file) that errors of bad files name; the
texts too, where nats-server always says the same and does not speak of Go's types. Files in midge/ are judged by
midge only: their verdicts are written by hand. Files named *.txt are included by others."""
import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
VERDICTS = HERE / "verdicts.json"
OWN = "midge/"              # what nats-server does not know
RECORD_RUNS = 64            # nats-server walks maps in random order: what varies, if rarely, is not compared
OF_GO = re.compile(r"interface conversion|runtime error|\*conf\.token|unsupported type|wrong type|%!|mkdir |\bmap\[")
PLACE = re.compile(r"^(?P<file>[^:]+\.(?:conf|txt)):(?P<line>\d+):\d+: (?P<reason>.*)$", re.S)
PARSE = re.compile(r"Parse error on line (\d+)")


def files():
    return sorted(str(p.relative_to(HERE)) for p in HERE.rglob("*.conf"))


def judge(server, file):
    """(exit code, digest or None, messages) of one run."""
    run = subprocess.run([server, "-t", "-c", file], cwd=HERE, capture_output=True, timeout=60)
    text = run.stderr.replace(b"\0", b"").decode("utf-8", "replace").rstrip("\n")
    text = re.sub(r"^[\w.-]+: ", "", text, count=1)             # the name of the program
    digest = re.search(r"is valid \((sha256:[0-9a-f]{64})\)", text)
    if run.returncode == 0:
        return 0, digest and digest[1], []
    return run.returncode, None, messages(text)


def messages(text):
    """Lines of the output; what belongs to the message before is joined to it."""
    found = []
    for line in text.split("\n"):
        if not found or PLACE.match(line) or re.match(r"[A-Za-z'\"/]", line):
            found.append(line)
        else:
            found[-1] += "\n" + line
    return [m for m in found if "runtime error: invalid memory" not in m]


def place(message):
    """"file:line" that a message names, "line" of a parse error, or "" when it names none."""
    found = PLACE.match(message)
    if found:
        return f"{found['file']}:{found['line']}"
    found = PARSE.search(message)
    return found[1] if found else ""


def verdict_of(runs):
    code, digest, _ = runs[0]
    if any(r[:2] != runs[0][:2] for r in runs):
        return {"exit": code, "varies": True}
    if code == 0:
        return {"exit": 0, "digest": digest}
    places = [sorted({place(m) for m in r[2]}) for r in runs]
    texts = [sorted(set(r[2])) for r in runs]
    verdict = {"exit": code}
    if all(p == places[0] for p in places):
        verdict["places"] = places[0]
        if all(t == texts[0] for t in texts) and not any(OF_GO.search(m) for m in texts[0]):
            verdict["messages"] = texts[0]
    return verdict


def complaint(verdict, code, digest, said):
    """What is wrong with a run, or None."""
    if verdict.get("varies"):
        return None
    if code != verdict["exit"]:
        return f"exit {code}, not {verdict['exit']}: {said}"
    if digest != verdict.get("digest"):
        return f"digest {digest}, not {verdict.get('digest')}"
    places = sorted({place(m) for m in said})
    if "places" in verdict and places != verdict["places"]:
        return f"errors at {places}, not {verdict['places']}: {said}"
    if "messages" in verdict and sorted(set(said)) != verdict["messages"]:
        return f"says {sorted(set(said))}, not {verdict['messages']}"
    return None


def record(server, pool):
    old = json.loads(VERDICTS.read_text()) if VERDICTS.exists() else {}
    names = [f for f in files() if not f.startswith(OWN)]
    verdicts = {f: v for f, v in old.items() if f.startswith(OWN)}
    jobs = {f: [pool.submit(judge, server, f) for _ in range(RECORD_RUNS)] for f in names}
    for file, runs in jobs.items():
        verdicts[file] = verdict_of([r.result() for r in runs])
    VERDICTS.write_text(json.dumps(verdicts, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    print(f"{len(verdicts)} verdicts recorded")


def check(server, pool):
    verdicts = json.loads(VERDICTS.read_text())
    version = subprocess.run([server, "-v"], capture_output=True, text=True, timeout=60).stdout
    is_midge = "midge" in version
    names = [f for f in files() if is_midge or not f.startswith(OWN)]
    failed = 0
    for file, run in [(f, pool.submit(judge, server, f)) for f in names]:
        wrong = complaint(verdicts[file], *run.result()) if file in verdicts else "no verdict recorded"
        if wrong:
            failed += 1
            print(f"FAIL {file}: {wrong}")
    print(f"{len(names) - failed} passed, {failed} failed")
    return failed > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="the server to run")
    parser.add_argument("--record", action="store_true", help="write verdicts.json instead of comparing")
    options = parser.parse_args()
    server = str(pathlib.Path(options.server).resolve())
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return record(server, pool) if options.record else check(server, pool)


if __name__ == "__main__":
    sys.exit(main())
