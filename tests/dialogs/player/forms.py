# SPDX-License-Identifier: Apache-2.0
"""What differs from run to run in JetStream's answers: named forms, and the JSON fields and headers that have them.

A dialog says {{time}} where a time of this run stands; recording puts the names in by the tables here. Everything else of
an answer is compared byte for byte, so the order of fields, the escapes and the numbers are part of what a dialog checks.
"""

import re

FORMS = {
    "time": r"2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?Z",        # no zeros at the end, as Go prints it
    "ns": r"[12]\d{18}",                                                  # nanoseconds since 1970, in an ack subject
    "n": r"\d+",
    "size": r"\d+",                                                       # in MSG and HMSG; the player checks it
    "nuid": r"[A-Za-z0-9]{22}",
    "short": r"[A-Za-z0-9]{8}",                                           # names of ephemeral consumers, batches' stores
    "fc": r"[A-Za-z0-9]{4}",                                              # the end of a flow control subject
}

# JSON fields whose value differs: field, form of the whole value with its quotes, what a dialog shows instead.
FIELDS = [(field, '"' + FORMS["time"] + '"', '"{{time}}"') for field in (
    "created", "ts", "first_ts", "last_ts", "time", "timestamp", "last_active", "start", "end", "stop", "pinned_ts")]
FIELDS += [(field, r"\d{2,}", "{{n}}") for field in ("rtt", "ack_time", "active", "pause_remaining")]
FIELDS += [(field, '"' + FORMS["nuid"] + '"', '"{{nuid}}"') for field in ("id", "pinned_client_id", "pinned_id")]
FIELDS += [("id", r"\d+", "{{n}}")]

EMPTY_REPLY = (r"^(MSG \S+ \S+)  (?=\d+$)", r"\1{{re  +}}")     # nats-server's own messages may have one
TEXTS = [
    EMPTY_REPLY,
    (r"(?<=^Nats-Time-Stamp: )" + FORMS["time"], "{{time}}"),
    (r"(?<=^Nats-Pin-Id: )" + FORMS["nuid"], "{{nuid}}"),
    (r"(?<=^Nats-Stream-Identity: )" + FORMS["short"], "{{short}}"),
    (r"(^Nats-Stream-Source: .* )" + FORMS["short"] + "$", r"\1{{short}}"),
    (r"(?<=\.)" + FORMS["ns"] + r"(?=\.\d+ |\.\d+$)", "{{ns}}"),
    (r"(?<=\$JS\.FC\.)(\w+\.\w+\.)" + FORMS["fc"], r"\1{{fc}}"),
    (r"(?<=\$JS\.SNAPSHOT\.RESTORE\.)(\w+\.)" + FORMS["nuid"], r"\1{{nuid}}"),
]


def mask(shown):
    """Received text as dialog text, with the names of forms for what differs. JSON in a JSON string has its quotes escaped."""
    for field, form, name in FIELDS:
        for quote in ('"', r'\\\\"'):           # a backslash of the text is two in a dialog
            pattern = quote + field + quote + ":(" + form.replace('"', quote) + ")"
            mark = name.replace('"', '"' if quote == '"' else '\\\\\\\\"')
            found = '"' if quote == '"' else '\\\\\\\\"'
            shown = re.sub(pattern, f"{found}{field}{found}:{mark}", shown)
    for pattern, name in TEXTS:
        shown = re.sub(pattern, name, shown)
    return shown


class Message:
    """Counts what a MSG or HMSG line promised, where a dialog does not say the number."""

    def __init__(self):
        self.owed = 0

    def take(self, line):
        """One received line. None, or what is wrong."""
        if self.owed:
            self.owed -= len(line)
            return "the payload is longer than its MSG line said" if self.owed < 0 else None
        found = re.fullmatch(rb"H?MSG .* (\d+)\r\n", line)
        self.owed = int(found[1]) + 2 if found else 0
        return None

    def end(self):
        return "the payload is shorter than its MSG line said" if self.owed else None


def mask_sizes(lines):
    """Recorded lines of dialog text: the size of a message with forms in it differs, too."""
    out, head = list(lines), None
    for at, line in enumerate(lines):
        if re.match(r"H?MSG .*(?: |\}\})\d+$", line):
            head = at
        elif "{{" in line and head is not None:
            out[head] = hide_size(out[head])
    return out


def mask_size(message):
    """The same for a message that is one line of dialog text."""
    head, end, body = message.partition("\\r\\n")
    head = re.sub(*EMPTY_REPLY, head)
    is_message = re.match(r"H?MSG .*(?: |\}\})\d+$", head)
    return (hide_size(head) if is_message and "{{" in body else head) + end + body


def hide_size(head):
    head = re.sub(r"(?<=\}\})\d+$", "{{size}}", head)
    return re.sub(r"( \d+)? \d+$" if head.startswith("HMSG") else r" \d+$",
                  lambda found: " {{size}}" * len(found[0].split()), head)
