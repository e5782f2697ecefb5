# SPDX-License-Identifier: Apache-2.0
"""One server process with its own folder, ports and log."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

LISTENERS = {
    "client": re.compile(r"Listening for client connections on .*:(\d+)"),
    "websocket": re.compile(r"Listening for websocket clients on .*:(\d+)"),
    "monitor": re.compile(r"Starting https? monitor on .*:(\d+)"),
    "cluster": re.compile(r"Listening for route connections on .*:(\d+)"),
    "leafnode": re.compile(r"Listening for leafnode connections on .*:(\d+)"),
}
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:",
           "panic:", "DATA RACE")
START_S = 30.0
SANITIZER_ENV = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
    "TSAN_OPTIONS": "halt_on_error=0:exitcode=99",
}


class ServerError(Exception):
    """The server did not start, crashed, or did not stop as it should."""


class Binary:
    """The server under test: its path, whether it is midge, and how to run it."""

    def __init__(self, path, reactors=1, env=None, patience=10.0):
        self.path, self.reactors, self.patience = os.path.abspath(path), reactors, patience
        self.env = {**os.environ, **(env or {})}
        lines = subprocess.run([self.path, "-v"], capture_output=True, text=True, env=self.env,
                               check=True).stdout.splitlines()
        self.is_midge = len(lines) > 1 and "midge" in lines[1]
        self.kind = "midge" if self.is_midge else "nats-server"

    def start(self, folder, config, flags=(), reactors=None):
        return Server(self, folder, config, flags, reactors or self.reactors)


def binary_from(path, reactors, env_words):
    """The binary for command line words: `sanitizer` or NAME=VALUE each."""
    env, patience = {}, 10.0
    for word in env_words:
        if word == "sanitizer":
            env.update(SANITIZER_ENV)
            patience = 40.0
        else:
            name, _, value = word.partition("=")
            env[name] = value
    return Binary(path, reactors, env, patience)


def with_patience(config):
    """With a minute to log in, unless the dialog is about that: the default of two seconds is short on a busy machine."""
    if re.search(r"^authorization *{[^}]*timeout", config, re.M):
        return config
    return re.sub(r"^authorization *{", "authorization { timeout: 60, ", config, flags=re.M)


class Server:
    def __init__(self, binary, folder, config, flags, reactors):
        self.binary, self.folder, self.reactors = binary, folder, reactors
        self.config_path = os.path.join(folder, "server.conf")
        self.log_path = os.path.join(folder, "server.log")
        self.write_config(config)
        words = ["nats-server", "-c", self.config_path, "-a", "127.0.0.1", "-p", "-1", *flags]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(words, executable=binary.path, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=binary.env, cwd=folder, start_new_session=True)
        self.ports = {}
        self.exit_code = None
        self.wait("start", lambda: "Server is ready" in self.log(), max(START_S, binary.patience))

    def write_config(self, config):
        config = with_patience(config)
        if self.binary.is_midge:
            config += "\nmidge { reactors: %d }\n" % self.reactors
        with open(self.config_path, "w") as file:
            file.write(config)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def wait(self, what, condition, patience=None):
        """Polls until `condition()` is true; the value is returned."""
        deadline = time.monotonic() + (patience or self.binary.patience)
        while True:
            value = condition()
            if value:
                return value
            if self.process.poll() is not None:
                raise ServerError(f"the server exited with {self.process.returncode} before: {what}")
            if time.monotonic() > deadline:
                raise ServerError(f"not in time: {what}")
            time.sleep(0.005)

    def wait_for_log(self, text, after=0):
        return self.wait(f"log line with {text!r}", lambda: self.log().find(text, after) + 1)

    def port(self, listener):
        if listener not in self.ports:
            pattern = LISTENERS[listener]
            found = self.wait(f"{listener} listener", lambda: pattern.search(self.log()))
            self.ports[listener] = int(found.group(1))
        return self.ports[listener]

    def signal(self, name):
        self.process.send_signal(getattr(signal, "SIG" + name))

    def reload(self, config):
        """Sends SIGHUP with a new configuration; returns the log line of success or refusal."""
        mark = len(self.log())
        self.write_config(config)
        self.signal("HUP")
        pattern = re.compile(r"(Reloaded server configuration|Failed to reload server configuration: .*)")
        return self.wait("end of the reload", lambda: pattern.search(self.log(), mark)).group(1)

    def get_page(self, path):
        """Status and text of a page of the monitor."""
        url = f"http://127.0.0.1:{self.port('monitor')}{path}"
        try:
            with urllib.request.urlopen(url, timeout=self.binary.patience) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get(self, path):
        return json.loads(self.get_page(path)[1])

    def closed_reason(self, port):
        """The reason why the connection from the local `port` was closed, once /connz knows it."""
        def look():
            for conn in self.get("/connz?state=closed")["connections"]:
                if conn["port"] == port:
                    return conn["reason"]
            return None
        return self.wait("the closed connection in /connz", look)

    def wait_for_exit(self):
        try:
            self.exit_code = self.process.wait(self.binary.patience * 2)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError("the server did not exit") from None
        return self.exit_code

    def stop(self):
        """Ends the server and judges its end: exit code 0 and no sanitizer report."""
        if self.exit_code is None:
            if self.process.poll() is None:
                self.signal("INT")
            self.wait_for_exit()
        log = self.log()
        for report in REPORTS:
            if report in log:
                raise ServerError(f"the server's log contains {report!r}")
        if self.exit_code != 0:
            raise ServerError(f"the server exited with {self.exit_code}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
