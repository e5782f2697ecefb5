# SPDX-License-Identifier: Apache-2.0
"""Pid file and ports file."""
import json
import os
import stat

from harness import expect, expect_equal, until

LOCAL = ("-a", "127.0.0.1", "-p", "-1")


def case_the_pid_file_holds_digits_only(world):
    """The pid file holds the process id without a line feed, readable by the owner alone, and stays."""
    for flag in ("-P", "--pid"):
        server = world.start(*LOCAL, flag, world.path("pid"))
        expect_equal(world.read("pid"), str(server.pid))
        expect_equal(stat.S_IMODE(os.stat(world.path("pid")).st_mode) & 0o177, 0)
        expect_equal(server.stop(), 0)
        expect_equal(world.read("pid"), str(server.pid))


def case_a_pid_file_that_cannot_be_written_is_fatal(world):
    """Without its pid file the server does not start."""
    code, _, err = world.run(*LOCAL, "-P", "/nonexistent/pid")
    expect_equal(code, 1)
    expect("[FTL] Could not write pidfile: open /nonexistent/pid: no such file or directory" in err, err)


def ports_file(world, server, name):
    path = world.path(f"{name}_{server.pid}.ports")
    until(lambda: os.path.exists(path), path)
    with open(path, encoding="utf-8") as file:
        return path, json.load(file)


def case_the_ports_file_tells_every_listener(world):
    """The ports file names each listener's URL and goes with the server."""
    server = world.start_with("""
        listen: "127.0.0.1:-1"
        websocket { listen: "127.0.0.1:-1", no_tls: true }
        cluster { name: c, listen: "127.0.0.1:-1" }
        leafnodes { listen: "127.0.0.1:-1" }
        http: "127.0.0.1:-1"
    """, "--ports_file_dir", world.folder, name="/somewhere/nats-server")
    path, ports = ports_file(world, server, "nats-server")
    expect_equal(ports, {"nats": [f"nats://127.0.0.1:{server.port()}"],
                         "monitoring": [f"http://127.0.0.1:{server.port('monitor')}"],
                         "cluster": [f"nats://127.0.0.1:{server.port('route')}"],
                         "websocket": [f"ws://127.0.0.1:{server.port('websocket')}"]})
    expect_equal(server.stop(), 0)
    expect(not os.path.exists(path), "the ports file is still there")


def case_a_wildcard_stands_for_every_address(world):
    """A listener on 0.0.0.0 is told under each address of the machine."""
    server = world.start("-p", "-1", "-ports_file_dir", world.folder, name="some-name")
    _, ports = ports_file(world, server, "some-name")
    expect(f"nats://127.0.0.1:{server.port()}" in ports["nats"], ports)
    expect(all("0.0.0.0" not in url for url in ports["nats"]), ports)


def case_a_ports_file_that_cannot_be_written_is_an_error_only(world):
    """The server runs on without its ports file, and says so."""
    server = world.start(*LOCAL, "--ports_file_dir", "/nonexistent", name="nats-server")
    server.wait_line(f"[ERR] Error writing ports file (/nonexistent/nats-server_{server.pid}.ports)")
    server.client().ping()
