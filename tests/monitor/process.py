# SPDX-License-Identifier: Apache-2.0
"""A NATS server as a process, its monitoring port, and clients on raw sockets."""

import base64
import glob
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import time

PATIENCE = 60       # seconds for whatever must happen; a sanitizer build on a busy machine is slow


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Server:
    """Runs in a folder of its own; ports come from its ports file."""

    reactors = None     # of midge; nats-server is not told

    def __init__(self, binary, config, files=None, args=()):
        self.folder = tempfile.TemporaryDirectory(prefix="monitor-")
        for name, text in (files or {}).items():
            self.write(name, text)
        if self.reactors:
            block = f"midge {{ reactors: {self.reactors}; "
            config = config.replace("midge {", block) if "midge {" in config else config + block + "}\n"
        self.write("server.conf", config)
        self.log = open(os.path.join(self.folder.name, "log"), "w+b")
        command = [os.path.abspath(binary), "-c", "server.conf", "--ports_file_dir", self.folder.name, *args]
        self.process = subprocess.Popen(command, cwd=self.folder.name, stdout=self.log, stderr=subprocess.STDOUT)
        self.ports = self.wait_for_ports()
        self.base = ""
        self.user = None

    def write(self, name, text):
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as out:
            out.write(text)

    def output(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_for_ports(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for path in glob.glob(os.path.join(self.folder.name, "*.ports")):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                if text.endswith("}"):
                    return json.loads(text)
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError("the server does not start:\n" + self.output())

    def port(self, kind):
        return int(re.search(r":(\d+)$", self.ports[kind][0]).group(1))

    def get(self, path, method="GET", headers=None):
        host, port = "127.0.0.1", self.port("monitoring")
        if self.ports["monitoring"][0].startswith("https"):
            insecure = ssl.create_default_context()
            insecure.check_hostname = False
            insecure.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=insecure)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
        headers = dict(headers or {})
        if self.user:
            headers["Authorization"] = "Basic " + base64.b64encode(self.user.encode()).decode()
        connection.request(method, self.base + path, headers=headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode("utf-8", "replace"))
        connection.close()
        return answer

    def wait_until(self, claim, what):
        end = time.monotonic() + PATIENCE
        while not claim():
            if time.monotonic() > end:
                raise RuntimeError("never: " + what)
            time.sleep(0.02)

    def stop(self):
        """Ends it; complains when it did not end well."""
        self.process.terminate()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "hanging"
        text = self.output()
        self.log.close()
        self.folder.cleanup()
        if status not in (0, 1) or "Sanitizer" in text or "runtime error" in text or "assert" in text:
            raise RuntimeError(f"the server ended with {status}:\n{text[-4000:]}")


class Client:
    """A NATS client; `send` returns when the server has answered everything."""

    def __init__(self, server, tls=None, sign=None, **options):
        self.socket = socket.create_connection(("127.0.0.1", server.port("nats")), timeout=PATIENCE)
        self.local_port = self.socket.getsockname()[1]
        self.input = b""
        self.received = []          # payloads
        self.info = self.line()
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        if sign:
            options["sig"] = sign(json.loads(self.info[len("INFO "):])["nonce"].encode())
        options = {"verbose": False, "pedantic": False, **options}
        self.send(b"CONNECT " + json.dumps(options).encode() + b"\r\n")

    def line(self):
        while b"\r\n" not in self.input:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.input.decode("utf-8", "replace"))
            self.input += more
        line, self.input = self.input.split(b"\r\n", 1)
        return line

    def send(self, data):
        self.socket.sendall(data + b"PING\r\n")
        self.wait_pong()

    def wait_pong(self):
        while True:
            line = self.line()
            if line == b"PONG":
                return
            if line == b"PING":
                self.socket.sendall(b"PONG\r\n")
            elif line.startswith(b"MSG "):
                self.take_payload(int(line.split()[-1]))
            elif line.startswith(b"-ERR"):
                raise EOFError(line.decode())

    def take_payload(self, size):
        while len(self.input) < size + 2:
            self.input += self.socket.recv(65536)
        self.received.append(self.input[:size])
        self.input = self.input[size + 2:]

    def close(self):
        self.socket.close()
