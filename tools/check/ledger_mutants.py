# SPDX-License-Identifier: Apache-2.0
"""How a row of docs/ledger is broken in the sources: for each kind of row the edits that make midge say something else."""
import re

import ledger_source
from ledger_source import CONSUMER, NESTED, STREAM

CONFIG_CHECK, CONSUMER_DEFAULTS = "src/stream/stream_config_check.c", "src/stream/consumer_config_defaults.c"
CODE_OFFSET = 50000         # a number that no error has
# Where a missing value is filled in, and the statement that does so before anything else does.
STREAM_DOOR = "    if (c->storage == JS_STORAGE_UNSET) c->storage = JS_STORAGE_FILE;\n"
CONSUMER_DOOR = "    if (!signs_adjust(c, k, e) || !waits_adjust(c, k, e)) return false;\n"
# Another default of a field, where it is not simply 1.
STREAM_VALUES = {"storage": "JS_STORAGE_MEMORY", "max_age": "10 * SECOND", "max_msgs": "5000", "max_bytes": "1 << 20",
                 "max_msgs_per_subject": "5000", "max_msg_size": "5000", "max_consumers": "50", "duplicate_window": "MINUTE",
                 "num_replicas": "2"}
CONSUMER_VALUES = {"deliver_policy": "JS_DELIVER_NEW", "ack_wait": "10 * SECOND", "max_deliver": "7", "max_waiting": "7",
                   "max_ack_pending": "7", "ack_policy": "JS_ACK_ALL"}


class Edit:
    """One change of one file: `old` becomes `new`, everywhere or where it stands first."""

    def __init__(self, path, old, new, what):
        self.path, self.old, self.new, self.what = path, old, new, what

    def apply(self, text):
        changed = re.sub(self.old, lambda _: self.new, text) if isinstance(self.old, re.Pattern) else (
            text.replace(self.old, self.new, 1))
        return None if changed == text else changed


def field_edits(path, array, name):
    start = f"{array}[] = {{"
    text = ledger_source.read(path)
    at = text.index(start)
    old = text[at:text.index("\n};", at)]
    return [Edit(path, old, old.replace(f'{{ "{name}",', f'{{ "x_{name}",', 1), "name")]


def stream_field(row):
    parent, dot, name = row.name.rpartition(".")
    edits = field_edits(STREAM, NESTED[parent + dot], name)
    if row["default"] and row.name == "subjects":
        edits.append(Edit(CONFIG_CHECK, "only[0] = c->name;", 'only[0] = "other";', "default"))
    elif row["default"] and row.name == "consumer_limits":
        edits.append(Edit(CONFIG_CHECK, STREAM_DOOR, "    c->consumer_limits.max_ack_pending = 7;\n" + STREAM_DOOR, "default"))
    elif row["default"]:
        value = STREAM_VALUES.get(name, "1")
        edits.append(Edit(CONFIG_CHECK, STREAM_DOOR, f"    if (c->{name} == 0) c->{name} = {value};\n" + STREAM_DOOR, "default"))
    return edits


def consumer_field(row):
    edits = field_edits(CONSUMER, "config_fields", row.name)
    if row["default"]:
        value = CONSUMER_VALUES.get(row.name, "1")
        edits.append(Edit(CONSUMER_DEFAULTS, CONSUMER_DOOR,
                          f"    if (c->{row.name} == 0) c->{row.name} = {value};\n" + CONSUMER_DOOR, "default"))
    return edits


def error(row):
    path = "src/stream/errors.h"
    found = re.search(rf"X\(\w+, {row.name}, {row['HTTP']},[\s\\]*\"(?:[^\"\\]|\\.)*\"", ledger_source.read(path))[0]
    code = str(int(row.name) + CODE_OFFSET)
    edits = [Edit(path, found, found.replace(row.name, code), "code"),
             Edit(path, found, found.replace(f", {row['HTTP']},", f", {int(row['HTTP']) + 1},"), "HTTP code")]
    if not re.fullmatch(r"\{\w+\}", row["text"]):
        edits.append(Edit(path, found, re.sub(r'"([^"])', r'"x\1', found, count=1), "text"))
    return edits


def everywhere(pattern, new, what):
    """An edit for each file of src/stream and src/core that has it."""
    edits = []
    for folder in ("stream", "core"):
        for path in sorted((ledger_source.ROOT / "src" / folder).glob("*.[ch]")):
            if not re.search(r"_(test|fuzz|testing|test_cases)\.[ch]$", path.name) and pattern.search(path.read_text()):
                edits.append(Edit(str(path.relative_to(ledger_source.ROOT)), pattern, new, what))
    return edits


def header(row):
    head, tail = row.name[:-1], row.name[-1]
    return [everywhere(re.compile(rf"(?:(?<=\\n)|(?<![A-Za-z-])){re.escape(row.name)}(?![A-Za-z-])"), head + tail * 2, "name")]


def status(row):
    text = re.split(r" ?(?:json: )?\{", row.name)[0]
    pattern = re.compile(rf'(?<=["0-9 ]){re.escape(text)}(?= ?["\\])')
    edits = everywhere(pattern, text + text[-1], "text")
    if not edits:                       # the number stands elsewhere
        text = text.partition(" ")[2]
        edits = everywhere(re.compile(rf'(?<="){re.escape(text)}(?=")'), text + text[-1], "text")
    return [edits]


def subject(row):
    path, name = "src/stream/api_subjects.h", row.name.removeprefix("$JS.API.")
    last = re.sub(r"[A-Z](?=(\.[*>])*$)", lambda found: found[0] + "X", name)
    edits = [Edit(path, f'"{name}"', f'"{last}"', "subject")]
    if row["type"] != "messages":
        found = re.search(rf'"{re.escape(name)}",[\s\\]*"{row["type"]}"', ledger_source.read(path))[0]
        edits.append(Edit(path, found, found.replace(row["type"], "x_" + row["type"]), "type"))
    return edits


def advisory(row):
    path = "src/stream/advisory.h"
    found = re.search(rf'"{re.escape(row.name)}",[\s\\]*"{re.escape(row["type"])}"', ledger_source.read(path))[0]
    return [Edit(path, found, found.replace(row.name, row.name + "X", 1), "subject"),
            Edit(path, found, found.replace(row["type"], row["type"] + "_x", 1), "type")]


EDITS = {"stream field": stream_field, "consumer field": consumer_field, "error": error, "header": header, "status": status,
         "subject": subject, "advisory": advisory}


def mutants(row):
    """[(what is broken, [Edit, ...])] of a row."""
    found = []
    for edits in EDITS[row.kind](row):
        edits = edits if isinstance(edits, list) else [edits]
        if edits:
            found.append((edits[0].what, edits))
    return found
