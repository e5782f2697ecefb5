# SPDX-License-Identifier: Apache-2.0
"""The servers that a client talks to: one open to everybody, one that asks who is there, one that speaks TLS, one with JetStream."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "schemas"))
from listener import Listener  # noqa: E402

PATIENCE_S = 30
NKEY = "UB5UFHP4A2WNU5TCAH5PLFWTFRUP7SSM3XTY6C72RTSEI5SCRKHY3YU5"
NKEY_SEED = "SUAG5ENSO4MKNGZMTGS6FQLHKM2IOZEIL6MHYVAEHJJURGJ5GZKB5AVHXI"      # of a key that guards nothing
OPEN = """
    listen: "127.0.0.1:%(port)s"
    http: "127.0.0.1:-1"
    websocket { listen: "127.0.0.1:%(websocket)s", no_tls: true }
"""
AUTH = """
    listen: "127.0.0.1:%%(port)s"
    authorization { users: [ { user: anna, password: s3cret }, { nkey: %s } ] }
""" % NKEY
TLS = """
    listen: "127.0.0.1:%(port)s"
    tls { cert_file: "server.pem", key_file: "server.key" }
    websocket { listen: "127.0.0.1:%(websocket)s", tls { cert_file: "server.pem", key_file: "server.key" } }
"""
JETSTREAM = """
    listen: "127.0.0.1:%(port)s"
    server_name: js
    jetstream { store_dir: "store" STORE }
"""
SEALED = ', cipher: "chacha", key: "of a test"'
PORT_LINES = {"port": r"Listening for client connections on \S*:(\d+)",
              "websocket": r"Listening for websocket clients on \S*:(\d+)",
              "monitor": r"Starting http monitor on \S*:(\d+)"}


def make_certificate(folder):
    """server.pem is its own authority."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], cwd=folder, check=True, capture_output=True)


class Server:
    """One process; started again, it listens where it did before."""

    def __init__(self, binary, folder, name, config):
        self.binary, self.folder, self.name, self.config = binary, folder, name, config
        self.ports = {"port": -1, "websocket": -1}
        self.complaints = []
        self.start()

    def start(self):
        path = pathlib.Path(self.folder, f"{self.name}.conf")
        path.write_text(self.config % self.ports)
        self.log, self.ready = [], threading.Event()
        self.process = subprocess.Popen([self.binary, "-c", path], cwd=self.folder, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.ready.wait(PATIENCE_S):
            self.process.kill()
            raise RuntimeError(f"server {self.name} did not start:\n" + "".join(self.log))

    def read(self):
        for line in self.process.stderr:
            self.log.append(line)
            for kind, pattern in PORT_LINES.items():
                found = re.search(pattern, line)
                if found:
                    self.ports[kind] = int(found[1])
            if "Server is ready" in line:
                self.ready.set()

    def stop(self):
        """Asks it to stop; what it did wrong is kept as a complaint: a bad end, or a sanitizer's report."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = f"{self.process.wait()} after {PATIENCE_S} s"
        self.reader.join()
        self.process.stderr.close()
        if status not in (0, 1):        # nats-server ends with 1 after SIGTERM
            self.complaints.append(f"server {self.name} ended with {status}:\n" + "".join(self.log[-100:]))

    def restart(self):
        self.stop()
        self.start()

    def kill(self):
        """kill -9, and a new start at once."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        self.start()

    def url(self, scheme="nats", kind="port"):
        return f"{scheme}://127.0.0.1:{self.ports[kind]}"


class Servers:
    """All four, in a folder that the caller removes."""

    def __init__(self, binary, folder, store=""):
        """`store` is what the store's block says beside its folder."""
        self.binary, self.folder, self.store, self.running = str(binary), folder, store, []
        self.complaints = []

    def __enter__(self):
        make_certificate(self.folder)
        pathlib.Path(self.folder, "user.nk").write_text(NKEY_SEED + "\n")
        self.open = self.start("open", OPEN)
        self.auth = self.start("auth", AUTH)
        self.tls = self.start("tls", TLS)
        self.jetstream = self.start("jetstream", JETSTREAM.replace("STORE", self.store))
        self.listener = Listener(self.jetstream.ports["port"])
        return self

    def start(self, name, config):
        server = Server(self.binary, self.folder, name, config)
        self.running.append(server)
        return server

    def environment(self):
        return {"URL_OPEN": self.open.url(), "URL_AUTH": self.auth.url(), "URL_TLS": self.tls.url("tls"),
                "URL_WS": self.open.url("ws", "websocket"), "URL_WSS": self.tls.url("wss", "websocket"),
                "URL_JS": self.jetstream.url(),
                "CA_FILE": os.path.join(self.folder, "server.pem"), "NKEY": NKEY, "NKEY_SEED": NKEY_SEED,
                "NKEY_FILE": os.path.join(self.folder, "user.nk")}

    def close(self):
        """Stops all that run; returns their complaints, and of what JetStream said that no schema allows."""
        self.complaints += self.listener.close()
        while self.running:
            self.running[-1].stop()
            self.complaints += self.running.pop().complaints
        return self.complaints

    def __exit__(self, *_):
        self.close()
