# SPDX-License-Identifier: Apache-2.0
"""Holds what a server says of JetStream to the JSON schemas of the Go module jsm.go: README.md."""
import json
import os
import pathlib
import re
import threading

try:
    import jsonschema
except ImportError:                     # python3-jsonschema of tools/needs
    jsonschema = None

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "peer" / "schemas"     # where tools/peer puts them
TYPED = re.compile(rb'\s*\{\s*"type"\s*:\s*"(io\.nats\.jetstream\.[a-z0-9_.]+)"')
PUB_ACK = "io.nats.jetstream.api.v1.pub_ack_response"
AUDIT = "io.nats.jetstream.advisory.v1.api_audit"
# A time as RFC 3339 has it; the schemas call it a date-time.
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def is_date_time(value):
    return not isinstance(value, str) or DATE_TIME.fullmatch(value) is not None


def read_differences(path=HERE / "differences"):
    """[(type, path of the value, part of the complaint, why)]: where nats-server says something else than its schemas."""
    rows = []
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            kind, where, complaint, why = (cell.strip() for cell in line.split("|"))
            rows.append((kind, where, complaint, why))
    return rows


def short(kind):
    """`api stream_info_response` of io.nats.jetstream.api.v1.stream_info_response."""
    words = kind.split(".")
    return f"{words[3]} {words[5]}" if len(words) == 6 else kind


def is_pub_ack(value):
    """PubAcks have no type. Nothing else that a server sends looks like one."""
    return isinstance(value, dict) and "type" not in value and "seq" in value and "stream" in value and (
        isinstance(value["stream"], str)) and set(value) <= {
            "error", "stream", "seq", "duplicate", "domain", "batch", "count", "val"}


class Bodies:
    """Cuts the payloads of MSG and HMSG out of a NATS stream, without their headers, for whoever judges what they say."""

    def __init__(self):
        self.pending = bytearray()

    def feed(self, data):
        self.pending += data
        out = []
        while (end := self.pending.find(b"\n") + 1) > 0:
            found = re.match(rb"(H?)MSG .*?(?: (\d+))? (\d+)\r\n$", self.pending[:end])
            size = int(found[3]) + 2 if found else 0
            if len(self.pending) < end + size:
                break
            if found:
                out.append(bytes(self.pending[end + (int(found[2]) if found[1] else 0):end + size - 2]))
            del self.pending[:end + size]
        return out


class Schemas:
    """Thread: any. `seen` counts the types that were judged, `used` the rows of the table of differences."""

    def __init__(self, folder=FOLDER):
        self.folder, self.validators, self.lock = pathlib.Path(folder), {}, threading.Lock()
        self.differences, self.seen, self.used = read_differences(), {}, set()
        self.checker = jsonschema.FormatChecker(formats=())
        self.checker.checks("date-time")(is_date_time)

    def validator(self, kind):
        """Of one type; None when jsm.go has no schema for it."""
        with self.lock:
            if kind not in self.validators:
                words = kind.split(".")
                path = self.folder.joinpath(*words[2:-1], words[-1] + ".json")
                self.validators[kind] = None
                if path.is_file():
                    self.validators[kind] = jsonschema.Draft7Validator(
                        json.loads(path.read_text()), format_checker=self.checker)
            return self.validators[kind]

    def complaints(self, payload):
        """What is wrong with one message of a server, as texts; nothing when it is no answer or event of JetStream's."""
        found = TYPED.match(payload)
        if not found and not payload.lstrip().startswith(b"{"):
            return []
        try:
            value = json.loads(payload)
        except ValueError as error:
            return [f"{short(found[1].decode())}: no JSON: {error}"] if found else []
        if found:
            return self.judge(found[1].decode(), value)
        return self.judge(PUB_ACK, value) if is_pub_ack(value) else []

    def judge(self, kind, value):
        wrong = [text for where, text in self.errors(kind, value) if not self.is_known(kind, where, text)]
        wrong = [f"{short(kind)}: {text}" for text in wrong]
        if kind == AUDIT and isinstance(value.get("response"), str):
            wrong += [f"{text} (in an audit)" for text in self.complaints(value["response"].encode())]
        return wrong

    def errors(self, kind, value):
        """(path, text) of each."""
        with self.lock:
            self.seen[kind] = self.seen.get(kind, 0) + 1
        validator = self.validator(kind)
        if validator is None:
            yield "-", "no schema"
            return
        for error in leaves(validator.iter_errors(value)):
            path = ".".join("#" if isinstance(step, int) else str(step) for step in error.absolute_path) or "-"
            what = "fits an answer and a refusal" if error.validator == "oneOf" else error.message[:200]
            yield path, f"{path}: {what}"

    def not_needed(self):
        """Rows of the table of differences that nothing needed so far."""
        return [row for at, row in enumerate(self.differences) if at not in self.used]

    def is_known(self, kind, where, text):
        for at, (of, path, part, _) in enumerate(self.differences):
            if of in ("*", short(kind)) and (path == where or (path.startswith("*.") and where.endswith(path[1:]))) and (
                    part in text):
                self.used.add(at)
                return True
        return False


def leaves(errors):
    """The errors, where one is of oneOf those of the branch that fits best."""
    for error in errors:
        if error.validator != "oneOf" or not error.context:
            yield error
            continue
        branches = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        is_error = isinstance(error.instance, dict) and "error" in error.instance
        fitting = [branch for branch in branches.values() if is_error == wants_error(branch[0], error)]
        yield from leaves(min(fitting or branches.values(), key=len))


def wants_error(inner, error):
    """The branch of an answer that is the one of errors."""
    branch = error.validator_value[inner.schema_path[0]]
    return "error" in branch.get("required", ())


def find():
    """The schemas when this machine has them, else None and why not."""
    folder = pathlib.Path(os.environ.get("MIDGE_SCHEMAS", FOLDER))
    if jsonschema is None:
        return None, "python3 has no jsonschema"
    if not (folder / "jetstream").is_dir():
        return None, f"{folder} is not there; tools/peer schemas fetches it"
    return Schemas(folder), None
