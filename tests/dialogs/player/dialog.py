# SPDX-License-Identifier: Apache-2.0
"""Reads a dialog file: its title, its options, its configurations and its steps."""

import re

from .text import DialogError

OPTIONS = ("flags", "reactors", "server-pings", "midge-differs", "monitor")
ACT = re.compile(r"(?:\[(midge|nats-server)\] )?([A-Z][A-Za-z0-9]*)(!|>|<~|<|:)(?:\{([^}]*)\})?(?: (.*)|$)")
COMMANDS = ("sync", "http", "reload", "signal", "server", "log", "pause")


class Step:
    """One thing to do. `verb` is ! > < <~ : or a command; `lines` are the texts of it."""

    def __init__(self, number, verb, who="", head=None, text="", only=None):
        self.number, self.verb, self.who, self.head, self.only = number, verb, who, head, only
        self.lines = [text]
        self.last = number
        self.recorded = None

    @property
    def text(self):
        return self.lines[0]


class Dialog:
    def __init__(self, path, name):
        self.path, self.name = path, name
        with open(path) as file:
            self.source = file.read().split("\n")
        self.title, self.options, self.configs, self.steps = "", {}, {}, []
        self.parse()

    def parse(self):
        if not self.source[0].startswith("# "):
            raise DialogError("the first line must be `# ` and a sentence")
        self.title = self.source[0][2:]
        config = None
        for number, line in enumerate(self.source[1:], 2):
            if config is not None and line.startswith("  "):
                self.configs[config].append(line[2:])
                continue
            config = None
            if not line.strip() or line.startswith("#"):
                self.steps.append(None)
                continue
            found = re.fullmatch(r"config(?: (\w+))?:", line)
            if found:
                config = found.group(1) or "main"
                self.configs[config] = []
            elif not self.parse_option(line):
                self.parse_step(number, line)
        self.steps = [step for step in self.steps if step]

    def parse_option(self, line):
        name, colon, value = line.partition(": ")
        if name in OPTIONS and colon:
            self.options[name] = value.strip()
            return True
        return False

    def parse_step(self, number, line):
        found = ACT.fullmatch(line)
        if not found:
            command = line.split(" ", 1)
            if command[0] not in COMMANDS:
                raise DialogError(f"line {number}: not understood: {line}")
            self.steps.append(Step(number, command[0], text=command[1] if len(command) > 1 else ""))
            return
        only, who, verb, head, text = found.groups()
        if only and "midge-differs" not in self.options:
            raise DialogError(f"line {number}: [{only}] needs a midge-differs line")
        step = Step(number, verb, who, head, text or "", only)
        before = self.steps[-1] if self.steps else None
        joins = before and verb in ("<", "<~") and head is None and before.head is None
        if joins and (before.verb, before.who, before.only) == (verb, who, only):
            before.lines.append(step.text)
            before.last = number
        else:
            self.steps.append(step)

    def config(self, name="main"):
        if name not in self.configs:
            if name == "main":
                return ""
            raise DialogError(f"no config {name}")
        return "\n".join(self.configs[name]) + "\n"

    def uses(self, *words):
        text = "\n".join(self.source)
        return any(word in text for word in words)

    def needs_monitor(self):
        return any(step.verb == "http" or (step.verb == ":" and step.text.startswith("reason"))
                   for step in self.steps)

    def rewrite(self):
        """Writes the recorded expectations into the file, everything else as it was."""
        out, at = [], 1
        for step in self.steps:
            if step.recorded is None:
                continue
            out += self.source[at - 1:step.number - 1] + step.recorded
            at = step.last + 1
        out += self.source[at - 1:]
        if out != self.source:
            with open(self.path, "w") as file:
                file.write("\n".join(out))
