# SPDX-License-Identifier: Apache-2.0
"""Bytes as readable text and back: escapes, masks and the JSON mask of INFO lines.

A line of a dialog stands for its bytes followed by CR LF; a backslash at its very end leaves the
CR LF out. Inside a line: \\r \\n \\t \\s (space) \\\\ \\xHH, and {{...}} for what the file cannot know.
"""

import json
import re

from . import forms

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "s": b" ", "\\": b"\\"}
TOKEN = re.compile(r"\\x([0-9a-fA-F]{2})|\\([rnts\\])|(\\)$|(.)", re.S)
REPEAT = re.compile(r"(\d+)\*(.+)", re.S)

# Values that differ from run to run, with the form that they must have.
VOLATILE = {
    "server_id": r'"N[A-Z2-7]{55}"',
    "git_commit": r'"[0-9a-f]+"',
    "go": r'"[^"]+"',
    "port": r"\d+",
    "client_id": r"\d+",
    "nonce": r'"[A-Za-z0-9_-]{15}"',
    "xkey": r'"X[A-Z2-7]{55}"',
}
OPTIONAL = {"git_commit"}


class DialogError(Exception):
    """The dialog file itself is wrong (not the server)."""


class Mask:
    """One variable part of an expected line."""

    def __init__(self, pattern, name=None, fields=None):
        self.pattern, self.name, self.fields = pattern, name, fields


def parse_mask(body):
    """A Mask for {{re P}}, {{NAME=re P}}, {{json ...}} and the names of forms.py, None for everything else."""
    if body in forms.FORMS:
        return Mask(forms.FORMS[body])
    if body.startswith("json "):
        return Mask(r"\{.*\}", fields=body[5:].split())
    found = re.fullmatch(r"(?:(\w+)=)?re (.+)", body, re.S)
    return Mask(found.group(2), name=found.group(1)) if found else None


def segments(line, lookup):
    """The line as a list of bytes and Mask. `lookup(words)` answers every other {{...}}."""
    parts, ended, at = [], True, 0
    while at < len(line):
        if line.startswith("{{", at):
            end = closing(line, at)
            parts.append(expand(line[at + 2:end], lookup))
            at = end + 2
            continue
        match = TOKEN.match(line, at)
        at = match.end()
        hexa, letter, last, plain = match.groups()
        if hexa is not None:
            parts.append(bytes([int(hexa, 16)]))
        elif letter is not None:
            parts.append(ESCAPES[letter])
        elif last is not None:
            ended = False
        else:
            parts.append(plain.encode())
    if ended:
        parts.append(b"\r\n")
    return join(parts)


def closing(line, at):
    """Where the }} stands that belongs to the {{ at `at`."""
    depth = 0
    for found in re.finditer(r"\{\{|\}\}", line[at:]):
        depth += 1 if found.group() == "{{" else -1
        if depth == 0:
            return at + found.start()
    raise DialogError(f"{{{{ without }}}} in: {line}")


def expand(body, lookup):
    mask = parse_mask(body)
    if mask:
        return mask
    repeat = REPEAT.fullmatch(body)
    if repeat:
        inner = segments(repeat.group(2) + "\\", lookup)
        return int(repeat.group(1)) * literal(inner)
    return lookup(body.split())


def join(parts):
    joined = []
    for part in parts:
        if isinstance(part, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def literal(parts):
    """The bytes of a line without masks."""
    if any(isinstance(part, Mask) for part in parts):
        raise DialogError("a mask stands where exact bytes are needed")
    return b"".join(parts)


def is_literal(parts):
    return all(isinstance(part, bytes) for part in parts)


def match_masked(parts, actual, names):
    """None when `actual` has the form of `parts`, else the reason. Captures go to `names`."""
    pattern = b"".join(
        re.escape(part) if isinstance(part, bytes) else b"(" + part.pattern.encode() + b")" for part in parts
    )
    found = re.fullmatch(pattern, actual, re.S)
    if not found:
        return "the bytes do not have the expected form"
    masks = [part for part in parts if isinstance(part, Mask)]
    for mask, value in zip(masks, found.groups()):
        if mask.name:
            names[mask.name] = value
        if mask.fields is not None:
            reason = match_json(mask.fields, value)
            if reason:
                return reason
    return None


def match_json(fields, raw):
    """Checks names, order and values of a JSON object against `name`, `name?` and `name=value`."""
    try:
        actual = json.loads(raw, object_pairs_hook=list)
    except ValueError as error:
        return f"not JSON: {error}"
    index = 0
    for field in fields:
        name, _, value = field.partition("=")
        optional = name.endswith("?")
        name = name.rstrip("?")
        if index >= len(actual) or actual[index][0] != name:
            if optional:
                continue
            found = actual[index][0] if index < len(actual) else "the end"
            return f"JSON field {name} expected, found {found}"
        shown = compact(actual[index][1])
        if value and shown != value:
            return f"JSON field {name} is {shown}, expected {value}"
        form = VOLATILE.get(name)
        if not value and form and not re.fullmatch(form, shown):
            return f"JSON field {name} has an unexpected form: {shown}"
        index += 1
    if index < len(actual):
        return f"JSON field {actual[index][0]} is one too many"
    return None


def compact(value):
    """JSON without spaces; spaces inside strings are written \\u0020 so that a mask has no space."""
    return json.dumps(unpair(value), separators=(",", ":")).replace(" ", "\\u0020")


def unpair(value):
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) for item in value):
            return {name: unpair(item) for name, item in value}
        return [unpair(item) for item in value]
    return value


def json_mask(raw):
    """The {{json ...}} text for a recorded INFO object."""
    pairs = json.loads(raw, object_pairs_hook=list)
    server_id = dict(pairs).get("server_id")
    words = []
    for name, value in pairs:
        if name in OPTIONAL:
            words.append(name + "?")
        elif name in VOLATILE or (name == "server_name" and value == server_id):
            words.append(name)
        else:
            words.append(f"{name}={compact(value)}")
    return "{{json " + " ".join(words) + "}}"


def escape(data):
    """Bytes as dialog text; long runs of one byte become {{N*c}}."""
    out, index = [], 0
    while index < len(data):
        run = run_length(data, index)
        shown = escape_byte(data[index])
        if shown == "{" and out and out[-1] == "{":     # two would begin a mask
            shown = "\\x7b"
        if run >= 40:
            out.append("{{%d*%s}}" % (run, shown))
            index += run
        else:
            out.append(shown)
            index += 1
    text = "".join(out)
    return text[:-1] + "\\s" if text.endswith(" ") else text


def run_length(data, index):
    end = index
    while end < len(data) and data[end] == data[index]:
        end += 1
    return end - index


def escape_byte(byte):
    named = {13: "\\r", 10: "\\n", 9: "\\t", 92: "\\\\"}
    if byte in named:
        return named[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"


def escape_line(data):
    """One received line as dialog text, volatile parts masked."""
    if data.endswith(b"\r\n"):
        body, tail = data[:-2], ""
    elif data.endswith(b"\n"):
        body, tail = data[:-1], "\\n\\"
    else:
        body, tail = data, "\\"
    info = re.fullmatch(rb"INFO (\{.*\})( ?)", body, re.S)
    if info:
        return "INFO " + json_mask(info.group(1)) + ("\\s" if info.group(2) else "") + tail
    if body.startswith(b"Date: "):
        return "Date: {{re .*? GMT}}" + tail
    shown = forms.mask(escape(body))
    if tail and shown.endswith("\\s"):
        shown = shown[:-2] + " "
    return shown + tail


def lines_of(data):
    """Splits received bytes after each LF, for recording."""
    return [line for line in re.split(rb"(?<=\n)", data) if line]
