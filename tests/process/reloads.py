# SPDX-License-Identifier: Apache-2.0
"""Reload by SIGHUP and by --signal."""
import os
import signal

from harness import Client, expect, expect_equal, until

BASE = 'listen: "127.0.0.1:-1"\n'


def hang_up(world, server, config, line):
    before = server.count(line)
    world.write("server.conf", config)
    server.signal(signal.SIGHUP)
    server.wait_line("Trapped \"hangup\" signal")
    until(lambda: server.count(line) > before, f"{line!r} in\n{server.text()}")


def case_a_change_is_applied(world):
    """What may change is applied to the running server, for old and new clients."""
    server = world.start_with(BASE + "max_payload: 1024\n")
    client = server.client()
    expect_equal(client.info["max_payload"], 1024)
    hang_up(world, server, BASE + "max_payload: 2048\n", "[INF] Reloaded server configuration (sha256:")
    expect("Reloaded: max_payload = 2048" in server.messages(), server.text())
    expect_equal(server.client().info["max_payload"], 2048)
    client.ping()


def case_what_cannot_change_refuses_the_whole_reload(world):
    """A change of the port keeps all of the old configuration."""
    server = world.start_with(BASE + "max_payload: 1024\n")
    hang_up(world, server, 'listen: "127.0.0.1:4999"\nmax_payload: 2048\n',
            "[ERR] Failed to reload server configuration: config reload not supported for Port: old=")
    expect_equal(server.client().info["max_payload"], 1024)


def case_a_broken_file_changes_nothing(world):
    """A file with mistakes is refused with the reason."""
    server = world.start_with(BASE + "max_payload: 1024\n")
    hang_up(world, server, BASE + "max_payload: 2048\nfoo: 1\n",
            f'[ERR] Failed to reload server configuration: {world.path("server.conf")}:3:1: unknown field "foo"')
    expect_equal(server.client().info["max_payload"], 1024)


def case_without_a_file_there_is_nothing_to_reload(world):
    """SIGHUP without a configuration file is an error, not the end."""
    server = world.start("-a", "127.0.0.1", "-p", "-1")
    server.signal(signal.SIGHUP)
    server.wait_line("[ERR] Failed to reload server configuration: can only reload config when a file is provided using "
                     "-c or --config")
    server.client().ping()


def case_users_come_and_go(world):
    """Who is no longer known is closed; who is goes on."""
    users = BASE + 'authorization { users: [ {user: a, password: x}%s ] }\n'
    server = world.start_with(users % ", {user: b, password: y}")
    connections = {}
    for name, password in (("a", "x"), ("b", "y")):
        client = Client(server.port(), connect=False)
        client.wait_for("INFO")
        client.send('CONNECT {"user":"%s","pass":"%s"}\r\nPING\r\n' % (name, password))
        client.wait_for("PONG")
        connections[name] = client
    hang_up(world, server, users % "", "[INF] Reloaded server configuration (sha256:")
    connections["b"].is_ended()
    connections["a"].ping()


def case_debug_is_switched_live(world):
    """debug and trace may be switched while the server runs."""
    server = world.start_with(BASE)
    expect("[DBG]" not in server.text())
    hang_up(world, server, BASE + "debug: true\ntrace: true\n", "[INF] Reloaded: debug = true")
    client = server.client()
    client.send("PUB a 1\r\nx\r\n")
    client.ping()
    server.wait_line("<<- [PUB a 1]")
    hang_up(world, server, BASE, "[INF] Reloaded: debug = false")


def case_the_log_moves(world):
    """The log file may change while the server runs."""
    server = world.start_with(BASE)
    world.write("server.conf", BASE + f'log_file: "{world.path("new.log")}"\n')
    server.signal(signal.SIGHUP)
    until(lambda: os.path.exists(world.path("new.log")) and "Reloaded server configuration" in world.read("new.log"),
          "the new log")


def case_reload_by_command(world):
    """--signal reload does what SIGHUP does."""
    server = world.start_with(BASE + "max_payload: 1024\n")
    world.write("server.conf", BASE + "max_payload: 2048\n")
    expect_equal(world.run("--signal", f"reload={server.pid}"), (0, "", ""))
    server.wait_line("[INF] Reloaded server configuration (sha256:")
