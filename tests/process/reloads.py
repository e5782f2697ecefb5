# SPDX-License-Identifier: Apache-2.0
"""Reload by SIGHUP and by --signal."""
import os
import re
import signal

from harness import Client, expect, expect_equal, midge_only, until
from streams import StreamClient, place

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


def case_a_refusal_is_told_by_the_old_log(world):
    """A refused reload does not turn the log: the reason stands where the operator looks, as one line with its time."""
    server = world.start_with(BASE)
    stamped = re.compile(r"^\[\d+\] \d{4}/\d\d/\d\d [\d:.]+ \[ERR\] Failed to reload server configuration: .+$", re.M)
    for text in ('listen: "127.0.0.1:4999"\nlogtime: false\n', BASE + "foo: 1\n"):
        seen = len(stamped.findall(server.text()))
        world.write("server.conf", text)
        server.signal(signal.SIGHUP)
        until(lambda least=seen: len(stamped.findall(server.text())) > least, "the refusal")
    server.stop()
    expect("\n\n" not in server.text() or not world.is_midge, server.text())


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


def case_each_change_is_told(world):
    """Each changed option has its line, in nats-server's words and order."""
    server = world.start_with(BASE)
    hang_up(world, server, BASE + """
        max_connections: 9, max_traced_msg_len: 7, debug: true, pid_file: "x", server_tags: a, client_advertise: "foo:7"
        max_payload: 3000, max_control_line: 2000, trace_headers: true, ping_interval: "9s", ping_max: 4
        write_deadline: "3s", server_metadata: {a: b}, no_fast_producer_stall: true, connect_error_reports: 7
        reconnect_error_reports: 6, logtime_utc: true, authorization { user: a, password: b, timeout: 1.5 }
        """, "[INF] Reloaded server configuration (sha256:")
    expect_equal([m for m in server.messages() if m.startswith("Reload") and "configuration" not in m], [
        "Reload: client_advertise = foo:7", "Reloaded: trace = true", "Reloaded: debug = true",
        "Reloaded: trace_headers = true", "Reloaded: logtime_utc = true", "Reloaded: max_connections = 9",
        "Reloaded: authorization users", "Reloaded: accounts", "Reloaded: authorization username",
        "Reloaded: authorization password", "Reloaded: ping_interval = 9s", "Reloaded: ping_max = 4",
        "Reloaded: authorization timeout = 1.5", "Reloaded: max_control_line = 2000", "Reloaded: max_payload = 3000",
        "Reloaded: fast producers will not be stalled", "Reloaded: pid_file = x", "Reloaded: write_deadline = 3s",
        "Reloaded: max_traced_msg_len = 7", "Reloaded: connect_error_reports = 7", "Reloaded: reconnect_error_reports = 6",
        "Reloaded: tags", "Reloaded: metadata"])


def case_what_follows_from_a_change_does_not_refuse_it(world):
    """The write deadline of all may change beside links that take it over."""
    links = """
        leafnodes { listen: "127.0.0.1:-1" }
        cluster { name: c, listen: "127.0.0.1:-1" }
        """
    server = world.start_with(BASE + links)
    hang_up(world, server, BASE + links + 'write_deadline: "3s"\nping_interval: "5s"\n',
            "[INF] Reloaded server configuration (sha256:")
    expect("Reloaded: write_deadline = 3s" in server.messages(), server.text())


def case_contradictions_are_told_before_changes(world):
    """What the whole configuration cannot be is the reason, not that it differs."""
    server = world.start_with(BASE)
    hang_up(world, server, BASE + "no_auth_user: x\n", "[ERR] Failed to reload server configuration: "
            'no_auth_user: "x" present, but users/nkeys are not defined')


def case_the_pid_file_moves(world):
    """A new pid file is written at a reload, the old one stays; one that cannot be written is an error only."""
    server = world.start_with(BASE + "pid_file: a.pid\n")
    hang_up(world, server, BASE + "pid_file: b.pid\n", "[INF] Reloaded server configuration (sha256:")
    expect_equal((world.read("a.pid"), world.read("b.pid")), (str(server.pid), str(server.pid)))
    hang_up(world, server, BASE + 'pid_file: "/nonexistent/x"\n', "[INF] Reloaded server configuration (sha256:")
    expect(server.has("[ERR] Failed to write pidfile: open /nonexistent/x: no such file or directory"), server.text())


def case_the_ports_file_moves(world):
    """A new ports file is written at a reload, the old one goes."""
    os.mkdir(world.path("old"))
    os.mkdir(world.path("new"))
    server = world.start_with(BASE + 'ports_file_dir: "old"\n')
    until(lambda: os.listdir(world.path("old")), "the ports file")
    hang_up(world, server, BASE + 'ports_file_dir: "new"\n', "[INF] Reloaded server configuration (sha256:")
    until(lambda: os.listdir(world.path("new")), "the new ports file")
    expect_equal(os.listdir(world.path("old")), [])
    hang_up(world, server, BASE, "[INF] Reloaded server configuration (sha256:")
    expect_equal(os.listdir(world.path("new")), [])


def case_reload_by_command(world):
    """--signal reload does what SIGHUP does."""
    server = world.start_with(BASE + "max_payload: 1024\n")
    world.write("server.conf", BASE + "max_payload: 2048\n")
    expect_equal(world.run("--signal", f"reload={server.pid}"), (0, "", ""))
    server.wait_line("[INF] Reloaded server configuration (sha256:")


JETSTREAM = BASE + 'jetstream { store_dir: "%s" }\n'
DONE = "[INF] Reloaded server configuration (sha256:"


def case_jetstream_is_turned_off_and_on(world):
    """What is on the disk outlives it, what is in memory does not; a server that is off, or was turned on, stops well."""
    on = JETSTREAM % world.path("store")
    server = world.start_with(BASE)
    expect(not server.client().info.get("jetstream"), "nobody serves streams")
    for turn in range(3):
        hang_up(world, server, on, DONE)
        expect("Starting JetStream" in server.messages(), server.text())
        client = StreamClient(server.port())
        client.send("SUB pushed 9\r\n")
        if turn == 0:
            client.create_stream("S", subjects=["s"])
            client.create_consumer("S", "C", ack_policy="explicit")
            client.create_consumer("S", "P", ack_policy="none", deliver_subject="pushed")
        client.create_stream("M", subjects=["m"], storage="memory")
        for number in range(1, 101):
            expect_equal(client.request("m", "x")["seq"], number)
            expect_equal(client.request("s", "x")["seq"], number + turn * 100)
            expect_equal(place(client.answer("9"))[1], number + turn * 100)
        got = client.pull("S", "C", 10)
        expect_equal([place(message) for message in got], [(1, turn * 10 + at) for at in range(1, 11)])
        for message in got:
            client.answer(client.ask(message.reply, "+ACK"))
        hang_up(world, server, BASE, DONE)
        expect("JetStream Shutdown" in server.messages(), server.text())
        expect(not server.client().info.get("jetstream"), "nobody serves streams")
        expect("503" in client.answer(client.ask("s", "x")).header, "nobody takes it")
    expect_equal(server.stop(), 0)
    server = world.start_with(on)
    client = StreamClient(server.port())
    expect_equal(client.request("$JS.API.STREAM.NAMES")["streams"], ["S"])
    expect_equal(client.stream_info("S")["state"]["messages"], 300)
    expect_equal(client.consumer_info("S", "C")["ack_floor"]["stream_seq"], 30)


@midge_only
def case_jetstream_that_cannot_be_turned_on_is_told(world):
    """A directory of nats-server is not taken: the server goes on without streams, and says so."""
    os.makedirs(world.path("store/jetstream/$G/streams/S"))
    server = world.start_with(BASE)
    client = server.client()
    hang_up(world, server, JETSTREAM % world.path("store"), DONE)
    expect("[WRN] Can't start JetStream: " in server.text(), server.text())
    expect(not server.client().info.get("jetstream"), "nobody serves streams")
    client.ping()
    hang_up(world, server, JETSTREAM % world.path("store"), DONE)
    expect("needs a restart" in server.text(), server.text())
    expect_equal(server.stop(), 0)
