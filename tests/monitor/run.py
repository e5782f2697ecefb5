#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a server's monitoring port for everything and compares with what nats-server 2.15.2 answers.

  run.py --server PATH              shapes, errors and values against recorded.json; then numbers, secrets, abuse
  run.py --server PATH --peer PATH  the same, after asking a real nats-server whether recorded.json is still true
  run.py --server PATH --record     writes recorded.json from what this server answers
  run.py --server PATH --reactors N midge with N reactors
"""

import argparse
import json
import os
import sys
import tempfile
import traceback

import checks
from process import Server
from shape import difference, shape
from stories import STORIES

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "recorded.json")

# What a server has that another may lack, or the other way round; none of it is compared.
OF_ACCOUNTS = ("imports", "exports", "mappings")


def comparable(path, document):
    """The document without what midge has on purpose and without what nats-server subscribes to by itself."""
    if path.startswith("/varz"):
        document.pop("midge", None)
    if path.startswith("/accountz"):
        for key in OF_ACCOUNTS:
            document.get("account_detail", {}).pop(key, None)
    if path.startswith(("/subsz?subs=1", "/subsz?subs=T")):
        subs = [s for s in document.get("subscriptions_list", []) if not s["subject"].startswith("$SYS.")]
        document["total"] = len(subs)
        document.pop("subscriptions_list", None)
        if subs:
            document["subscriptions_list"] = subs
    if path.startswith("/ipqueuesz"):
        document.clear()
    return document


def names_in_order(document):
    return [connection.get("name") for connection in document.get("connections") or []]


def ask(server, path):
    """What can be compared of an answer."""
    answer = server.get(path)
    result = {"status": answer.status, "type": answer.headers.get("Content-Type"),
              "cors": answer.headers.get("Access-Control-Allow-Origin")}
    if answer.headers.get("Location"):
        result["location"] = answer.headers["Location"]
    if result["type"] == "application/json":
        document = comparable(path, answer.json())
        result["shape"] = shape(document)
        if "sort=" in path:
            result["order"] = names_in_order(document)
    elif "html" not in result["type"] or "location" in result:
        result["text"] = answer.body
    return result


def tell(server, story, asks, recorded):
    """Plays a story; yields (name, complaint or None)."""
    with tempfile.TemporaryDirectory(prefix="monitor-") as folder:
        running, clients = story(server, folder)
        try:
            for path in asks:
                have = ask(running, path)
                want = recorded.get(path, {})
                yield path, next((f"{key}: {difference(want.get(key), have.get(key))}" for key in have | want
                                  if want.get(key) != have.get(key)), None)
        finally:
            for client in clients:
                client.close()
            running.stop()


def record(server):
    with tempfile.TemporaryDirectory(prefix="monitor-") as folder:
        answers = {}
        for name, (story, asks) in STORIES.items():
            running, clients = story(server, folder)
            answers[name] = {path: ask(running, path) for path in asks}
            for client in clients:
                client.close()
            running.stop()
    with open(RECORDED, "w", encoding="utf-8") as file:
        for i, (name, story) in enumerate(answers.items()):
            lines = ",\n".join(f"  {json.dumps(path)}: {json.dumps(answer)}" for path, answer in story.items())
            file.write(("{" if i == 0 else ",\n") + f"{json.dumps(name)}: {{\n{lines}\n}}")
        file.write("}\n")


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def result(self, name, complaint):
        if complaint is None:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAIL {name}\n     {complaint}", flush=True)

    def guarded(self, name, steps):
        """Runs a generator of results; what it raises is a failure."""
        try:
            for step, complaint in steps:
                self.result(f"{name} {step}", complaint)
        except Exception:
            self.result(name, traceback.format_exc())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--peer")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--reactors", type=int)
    options = parser.parse_args()
    if options.record:
        record(options.server)
        return 0
    with open(RECORDED, encoding="utf-8") as file:
        recorded = json.load(file)
    count = Count()
    for name, (story, asks) in STORIES.items() if options.peer else ():
        count.guarded(f"peer {name}", tell(options.peer, story, asks, recorded[name]))
    Server.reactors = options.reactors
    for name, (story, asks) in STORIES.items():
        count.guarded(name, tell(options.server, story, asks, recorded[name]))
    for check in checks.CHECKS:
        count.guarded(check.__name__, check(options.server))
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
