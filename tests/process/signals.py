# SPDX-License-Identifier: Apache-2.0
"""Signals, sent by the kernel and by --signal; lame duck; stopping at any time."""
import random
import signal
import subprocess
import time

from harness import Client, expect, expect_equal, until

LOCAL = ("-a", "127.0.0.1", "-p", "-1")
DUCK = 'listen: "127.0.0.1:-1"\nlame_duck_duration: "30s"\nlame_duck_grace_period: "%s"\n'


def case_int_and_term_stop_with_0(world):
    """SIGINT and SIGTERM stop the server in order."""
    for number, name in ((signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminated")):
        server = world.start(*LOCAL)
        client = server.client()
        server.signal(number)
        expect_equal(server.wait(), 0)
        messages = server.messages()
        for text in (f'Trapped "{name}" signal', "Initiating Shutdown...", "Server Exiting.."):
            expect(text in messages, server.text())
        client.is_ended()


def case_a_flood_does_not_keep_it_from_stopping(world):
    """SIGTERM under load is obeyed at once."""
    server = world.start(*LOCAL)
    clients = [server.client() for _ in range(8)]
    for client in clients:
        client.send("SUB > 1\r\n")
        client.send("PUB a.b 5\r\nhello\r\n" * 2000)
    expect_equal(server.stop(), 0)


def case_a_reader_that_sleeps_does_not_keep_it_from_stopping(world):
    """Farewells that nobody reads are given up."""
    server = world.start(*LOCAL)
    sleeper, talker = server.client(), server.client()
    sleeper.send("SUB > 1\r\nPING\r\n")
    talker.send("PUB a 100000\r\n" + "x" * 100000 + "\r\n")
    for _ in range(40):
        talker.send("PUB a 100000\r\n" + "x" * 100000 + "\r\n")
    talker.ping()
    expect_equal(server.stop(), 0)


def case_term_at_any_time_of_the_start(world):
    """SIGTERM at any time from the first instruction on ends it: by the signal while nobody listens to it yet, else with 0."""
    rng = random.Random(7)
    for _ in range(40):
        server = world.start(*LOCAL, ready=False)
        time.sleep(rng.random() * 0.04)         # the moment is the point of this case
        server.signal(signal.SIGTERM)
        expect(server.wait() in (0, -signal.SIGTERM), server.text())
        if "Starting nats-server" in server.text() and world.is_midge:
            expect_equal(server.process.returncode, 0)


def case_a_pause_is_survived(world):
    """SIGSTOP and SIGCONT: whoever was connected goes on."""
    server = world.start_with('listen: "127.0.0.1:-1"\nping_interval: "1s"\n')
    client = server.client()
    client.send("SUB a 1\r\n")
    client.ping()
    server.signal(signal.SIGSTOP)
    client.send("PUB a 2\r\nhi\r\nPING\r\n")
    time.sleep(3)                               # the pause is the point of this case
    server.signal(signal.SIGCONT)
    client.wait_for("MSG a 1 2")
    client.wait_for("PONG")
    client.ping()


def case_signal_commands_by_pid(world):
    """--signal sends what each command stands for."""
    for command, line, ends in (("reload", 'Trapped "hangup" signal', False),
                                ("reopen", 'Trapped "user defined signal 1" signal', False),
                                ("ldm", 'Trapped "user defined signal 2" signal', True),
                                ("quit", 'Trapped "interrupt" signal', True),
                                ("term", 'Trapped "terminated" signal', True)):
        server = world.start(*LOCAL)
        expect_equal(world.run("--signal", f"{command}={server.pid}"), (0, "", ""))
        server.wait_line(line)
        if ends:
            expect_equal(server.wait(), 0)
        server.kill()
    server = world.start(*LOCAL)
    expect_equal(world.run("-sl", f"stop={server.pid}"), (0, "", ""))
    expect_equal(server.wait(), -signal.SIGKILL)


def case_signal_by_pid_file(world):
    """The target of --signal may be a pid file."""
    server = world.start(*LOCAL, "-P", world.path("pid"))
    expect_equal(world.run(f"--signal=quit={world.path('pid')}"), (0, "", ""))
    expect_equal(server.wait(), 0)


def case_signals_that_cannot_be_sent_are_told(world):
    """Mistakes of --signal leave with 1 and nats-server's words."""
    for words, text in ((("reload=999999999",), '\nsignal "reload" 999999999: no such process'),
                        (("bogus=999999999",), 'unknown signal "bogus"'),
                        (("reload=/nonexistent",), "invalid pid: /nonexistent"),
                        (("reload=a=b",), "invalid signal parameters: [b]"),
                        (("reload=a=b=c",), "invalid signal parameters: [b c]")):
        expect_equal(world.run("--signal", *words), (1, "", f"nats-server: {text}\n"))


def case_lame_duck_without_clients_ends_at_once(world):
    """SIGUSR2 with nobody connected stops the server."""
    server = world.start_with(DUCK % "10s")
    server.signal(signal.SIGUSR2)
    expect_equal(server.wait(), 0)
    expect("Entering lame duck mode, stop accepting new clients" in server.messages(), server.text())


def case_lame_duck_tells_clients_and_closes_them(world):
    """SIGUSR2: no new clients; those that are in get INFO with ldm and are closed after the grace period."""
    server = world.start_with(DUCK % "1s")
    client = server.client()
    port = server.port()
    server.signal(signal.SIGUSR2)
    while '"ldm":true' not in client.wait_for("INFO {"):
        pass

    def is_refused():
        try:
            Client(port, connect=False).close()
            return False
        except ConnectionRefusedError:
            return True
    until(is_refused, "the listener to close")
    server.signal(signal.SIGTERM)               # ignored now
    client.ping()
    client.is_ended()
    expect_equal(server.wait(), 0)
    expect(server.has("Closing existing clients"), server.text())


def case_an_interrupt_ends_a_lame_duck(world):
    """SIGINT during lame duck stops at once."""
    server = world.start_with(DUCK % "20s")
    client = server.client()
    server.signal(signal.SIGUSR2)
    while '"ldm":true' not in client.wait_for("INFO {"):
        pass
    server.signal(signal.SIGINT)
    expect_equal(server.wait(10), 0)


def case_two_signals_at_once(world):
    """Signals that come together are all served."""
    server = world.start(*LOCAL)
    for _ in range(20):
        server.signal(signal.SIGUSR1)
        server.signal(signal.SIGHUP)
    server.wait_line("File log re-open ignored")
    server.wait_line("Failed to reload server configuration: can only reload config when a file is provided")
    expect_equal(server.stop(), 0)


def case_a_closed_stderr_is_no_reason_to_die(world):
    """Whoever read the log may leave."""
    with subprocess.Popen([world.binary, *LOCAL, "--ports_file_dir", world.folder], stderr=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, cwd=world.folder) as process:
        while b"Server is ready" not in process.stderr.readline():
            pass
        process.stderr.close()
        if world.is_midge:
            process.send_signal(signal.SIGUSR1)
            time.sleep(0.2)                     # long enough to die of it
            expect_equal(process.poll(), None)
        process.send_signal(signal.SIGINT)
        expect(process.wait(20) in (0, -signal.SIGPIPE))
