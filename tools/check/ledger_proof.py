# SPDX-License-Identifier: Apache-2.0
"""Does the test that a row of the ledger names show it? A dialog must say the row's words where it matters: what is asked in what
a client sends, what is answered in what the server must answer to the byte. Any other test must have the word in its text."""
import re
import sys

import ledger_source
from tree import ROOT, read

DIALOGS = ROOT / "tests/dialogs"
sys.path.insert(0, str(DIALOGS))
from player.dialog import Dialog  # noqa: E402
from player.text import DialogError  # noqa: E402

ASKS = ("asks", "tells", "given")


class Told:
    """What a dialog sends, as texts, and what midge must answer, as lines."""

    def __init__(self, path):
        self.sent, self.answered = [], []
        for step in Dialog(ROOT / path, str(path)).steps:
            if step.only == "nats-server":
                continue
            if step.verb in ("<", "<~"):
                self.answered += step.lines
            elif step.verb == ">" or (step.verb == ":" and step.text.split(" ", 1)[0] in ASKS):
                self.sent.append(step.text)

    def asks(self, pattern):
        return any(re.search(pattern, text) for text in self.sent)

    def answers(self, pattern):
        return any(re.search(pattern, line) for line in self.answered)


def shown(text):
    """As a JSON string of an answer reads in a dialog: Go escapes these, and a dialog writes a backslash twice."""
    for sign in "<>&":
        text = text.replace(sign, "\\\\u%04x" % ord(sign))
    return text.replace('"', '\\\\"')


def template(text):
    """A pattern for a text with {x} in it."""
    return "".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", text))


def field_pattern(row, parent=""):
    name = row.name.rsplit(".", 1)[-1]
    value = re.escape(row["default"]) + "[,}]" if row["default"] else ""
    return f'{parent}"{name}":{value}'


# What stands before a nested field: the object that has it.
PARENTS = {
    "source": r'"(mirror|sources)":\[?\{.*', "source.external": r'"external":\{[^}]*', "placement": r'"placement":\{[^}]*',
    "source.consumer": r'"consumer":\{[^}]*', "subject_transform": r'"subject_transforms?":\[?\{[^}]*',
    "republish": r'"republish":\{[^}]*', "consumer_limits": r'"consumer_limits":\{[^}]*',
}


def configs(told, marker, end):
    """The configurations in what is answered: other parts of an answer have fields of the same name."""
    for line in told.answered:
        for text in re.findall(rf'"config":(\{{.*?\}}),"{end}":', line):
            if f'"{marker}":' in text:
                yield text


def shows_stream_field(row, told):
    parent, _, _ = row.name.rpartition(".")
    pattern = field_pattern(row, PARENTS.get(parent, ""))
    if row.name == "placement.preferred":               # only asked for, never kept
        return told.asks(pattern)
    return any(re.search(pattern, text) for text in configs(told, "retention", "created"))


def shows_consumer_field(row, told):
    pattern = field_pattern(row)
    if row.name in ("direct", "sourcing"):              # such consumers are not shown
        return told.asks(pattern)
    return any(re.search(pattern, text) for text in configs(told, "deliver_policy", "delivered"))


def shows_error(row, told):
    number = rf'"code":{row["HTTP"]},"err_code":{row.name},"description":"{template(shown(row["text"]))}"'
    return told.answers(number) or told.answers(number.replace('"', r'\\+"'))


def shows_header(row, told):
    pattern = rf"(^|[\[| n]){re.escape(row.name)}: ?"
    if row["where"] in ("publish", "api"):
        return told.asks(pattern)
    return told.answers(pattern)


def shows_status(row, told):
    return told.answers(rf"^NATS/1\.0 {template(row.name)}$")


def shows_subject(row, told):
    tokens = [{"*": r"[^. ]+", ">": r"\S+"}.get(token, re.escape(token)) for token in row.name.split(".")]
    asked = told.asks(rf"(^|\s){r'[.]'.join(tokens)}( |$)")
    return asked and (row["type"] == "messages" or told.answers(f'"io.nats.jetstream.api.v1.{row["type"]}"'))


def shows_advisory(row, told):
    return told.answers(rf"MSG \$JS\.EVENT\.{re.escape(row.name)}[. ]") and told.answers(
        f'"io.nats.jetstream.{re.escape(row["type"])}"')


SHOWS = {
    "stream field": shows_stream_field, "consumer field": shows_consumer_field, "error": shows_error,
    "header": shows_header, "status": shows_status, "subject": shows_subject, "advisory": shows_advisory,
}


def words(row):
    """What of a row must stand in a test that is no dialog."""
    if row.kind == "error":             # errors_test.c holds the whole list to nats-server's
        return [row.name, "JS_ERR_" + ledger_source.error_rows()[row.name][0], "the_list_is_that_of_nats_server"]
    if row.kind == "advisory":
        return [row.name, row["type"].rsplit(".", 1)[-1]]
    return [row.name.rsplit(".", 1)[-1] if "field" in row.kind else row.name]


class Proofs:
    """Reads each dialog once."""

    def __init__(self):
        self.told = {}
        self.pending = {line for line in read("tests/dialogs/pending").split("\n") if line and not line.startswith("#")}

    def dialog(self, path):
        if path not in self.told:
            self.told[path] = Told(path)
        return self.told[path]

    def proves(self, row, path):
        """None, or why not."""
        if not (ROOT / path).is_file():
            return f"{path} does not exist"
        if path.endswith(".dialog"):
            if path.removeprefix("tests/dialogs/").removesuffix(".dialog") in self.pending:
                return f"{path} is pending"
            return None if SHOWS[row.kind](row, self.dialog(path)) else f"{path} does not show {row.name}"
        return None if any(word in read(path) for word in words(row)) else f"{path} does not say {row.name}"

    def candidates(self, row):
        """Dialogs that show the row, the ones that say least first."""
        found = []
        for path in sorted(DIALOGS.glob("js*/*.dialog")):
            name = str(path.relative_to(ROOT))
            try:
                if self.proves(row, name) is None:
                    found.append((path.stat().st_size, name))
            except DialogError:
                continue
        return [name for _, name in sorted(found)]
