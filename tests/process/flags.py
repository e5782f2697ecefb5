# SPDX-License-Identifier: Apache-2.0
"""The command line."""
import socket
import ssl

from harness import Client, expect, expect_equal, make_certificate, midge_only


def case_version_in_every_form(world):
    """-v prints nats-server's version on stdout and leaves with 0."""
    for form in ("-v", "--v", "-version", "--version", "version"):
        code, out, err = world.run(form)
        expect_equal((code, err), (0, ""))
        expect_equal(out.splitlines()[0], "nats-server: v2.15.2")


@midge_only
def case_version_names_midge_on_the_second_line(world):
    """-v prints midge's own version behind nats-server's."""
    lines = world.run("-v")[1].splitlines()
    expect_equal(len(lines), 2)
    expect(lines[1].startswith("midge v"), lines)


def case_help_goes_to_stdout(world):
    """-h prints the usage on stdout and leaves with 0."""
    for form in ("-h", "--help", "help"):
        code, out, err = world.run(form)
        expect_equal((code, err), (0, ""))
        expect("Usage: nats-server" in out and "--config" in out, out)


def case_tls_help_goes_to_stdout(world):
    """-help_tls tells about TLS and leaves with 0."""
    code, out, _ = world.run("--help_tls")
    expect_equal(code, 0)
    expect("cipher" in out.lower(), out)


def case_an_unknown_flag_shows_the_usage(world):
    """A wrong flag is named on stderr, the usage follows on stdout, the exit code is 0."""
    code, out, err = world.run("-nonsense")
    expect_equal(code, 0)
    expect(err.startswith("flag provided but not defined: -nonsense"), err)
    expect("Usage: nats-server" in out, out)
    code, _, err = world.run("-p", "x")
    expect_equal(code, 0)
    expect(err.startswith('invalid value "x" for flag -p: parse error'), err)


def case_an_unknown_word_is_refused(world):
    """A word that is no command leaves with 1."""
    expect_equal(world.run("bogus"), (1, "", 'nats-server: unrecognized command: "bogus"\n'))


def case_flags_in_all_forms_of_go(world):
    """-x v, -x=v, --x v and --x=v are the same."""
    for port, host in (("-p", "-a"), ("--port", "--addr"), ("-port", "--net")):
        for glue in (False, True):
            words = [f"{port}=-1", f"{host}=127.0.0.1"] if glue else [port, "-1", host, "127.0.0.1"]
            server = world.start(*words)
            expect("connections on 127.0.0.1:" in server.text(), server.text())
            Client(server.port()).close()
            server.kill()


def case_booleans_take_a_value_behind_an_equals_sign(world):
    """-D=false is off, -D is on, -T=false drops the time."""
    server = world.start("-p", "-1", "-a", "127.0.0.1", "-D=false", "-T=false")
    expect("[DBG]" not in server.text(), server.text())
    expect(server.text().startswith(f"[{server.pid}] [INF] Starting nats-server\n"), server.text())
    server.kill()
    server = world.start("-p", "-1", "-a", "127.0.0.1", "--debug")
    expect("[DBG]" in server.text(), server.text())


def case_a_flag_wins_over_the_file(world):
    """Flags given explicitly override the configuration file."""
    server = world.start_with('listen: "127.0.0.1:1"\nserver_name: file\n', "-p", "-1", "-n", "flag")
    client = server.client()
    expect_equal(client.info["server_name"], "flag")


def case_a_port_that_cannot_be_is_refused(world):
    """No port is cut to 16 bits, wherever it is written."""
    for words, text, message in (
            (("-p", "70000"), "", 'Error listening on port: 0.0.0.0:70000, "listen tcp: address 70000: invalid port"'),
            ((), "port: -5", 'Error listening on port: 0.0.0.0:-5, "listen tcp: address -5: invalid port"'),
            (("-m", "65536", "-p", "-1"), "", "Can't start monitoring: can't listen to the monitor port: listen tcp: "
             "address 65536: invalid port"),
            ((), "port: -1\nleafnodes { port: 70000 }", "Error listening on leafnode port: 70000 - listen tcp: address 70000: "
             "invalid port")):
        code, _, err = world.run(*words, "-c", world.write("ports.conf", text + "\nserver_name: x\n"))
        expect_equal(code, 1)
        expect(f"[FTL] {message}\n" in err, err)


def case_an_empty_file_name_is_none(world):
    """-c= is as if nothing was said."""
    server = world.start("-c=", "-a", "127.0.0.1", "-p", "-1")
    expect("Using configuration file" not in server.text(), server.text())


def case_an_empty_text_in_the_file_is_none(world):
    """Keys that a template left empty are as if they were not there; monitoring stays on the client's address."""
    keys = ("logfile", "remote_syslog", "pidfile", "ports_file_dir", "no_auth_user", "system_account", "client_advertise")
    server = world.start_with("".join(f'{key}: ""\n' for key in keys) +
                              'host: 127.0.0.1\nport: -1\nhttp: ":-1"\nauthorization { user: "", password: "", token: "" }\n'
                              'websocket { host: "127.0.0.1", port: -1, no_tls: true, no_auth_user: "", advertise: "" }\n')
    expect(server.has("Starting http monitor on 127.0.0.1:"), server.text())
    client = server.client()
    client.send('CONNECT {"verbose":false}\r\nPING\r\n')
    client.wait_for("PONG")


def case_a_good_file_passes_the_test(world):
    """-t says on stderr that the file is valid, with its digest."""
    path = world.write("good.conf", "port: 4222\n")
    code, out, err = world.run("-t", "-c", path)
    expect_equal((code, out), (0, ""))
    digest = "sha256:fe1a9b2c4b7cf8ec3eb8c83c5f5c9a4ae3ca41ff80e83ca4a5a1a7c1e0d8c3f5"
    expect(err.startswith(f"nats-server: configuration file {path} is valid (sha256:"), err)
    expect_equal(len(err.strip()), len(f"nats-server: configuration file {path} is valid ({digest})"))


def case_a_bad_file_fails_the_test(world):
    """-t names file, line and position of what is wrong and leaves with 1."""
    path = world.write("bad.conf", "port: -1\nfoo: 1\n")
    code, _, err = world.run("-t", "-c", path)
    expect_equal(code, 1)
    expect(err.startswith(f'nats-server: {path}:2:1: unknown field "foo"'), err)
    code, _, err = world.run("-t")
    expect_equal((code, err), (1, "nats-server: must specify [-c, --config] option to check configuration file syntax\n"))


def case_a_bad_file_keeps_the_server_from_starting(world):
    """Errors of the configuration go to stderr; the exit code is 1."""
    path = world.write("bad.conf", "port: -1\nfoo: 1\n")
    code, _, err = world.run("-c", path)
    expect_equal(code, 1)
    expect(err.startswith(f'nats-server: {path}:2:1: unknown field "foo"'), err)
    code, _, err = world.run("-c", "/nonexistent")
    expect_equal((code, err), (1, "nats-server: open /nonexistent: no such file or directory\n"))


def case_options_that_contradict_each_other_are_refused(world):
    """What only the whole configuration shows is told in the same way."""
    for text, message in (
            ("no_auth_user: x", 'no_auth_user: "x" present, but users/nkeys are not defined'),
            ("system_account: x", "error resolving system account: account missing"),
            ("max_payload: 80MB", "max_payload (83886080) cannot be higher than max_pending (67108864)")):
        path = world.write("bad.conf", f"port: -1\n{text}\n")
        expect_equal(world.run("-c", path), (1, "", f"nats-server: {message}\n"))


@midge_only
def case_what_guards_the_door_is_never_ignored(world):
    """A key that decides who may enter and is not served keeps the server from starting; -t accepts it."""
    key = "A" + "B" * 55
    for text in ("ocsp { mode: must }", "proxies { trusted: [] }\nauthorization { proxy_required: true, token: x }"):
        path = world.write("door.conf", f"port: -1\n{text}\n")
        code, _, err = world.run("-c", path)
        expect_equal(code, 1)
        expect("not served" in err, key, err)
        expect_equal(world.run("-t", "-c", path)[0], 0)


def tls_in(server, version, ciphers):
    """The suite that a client of this version gets, or None when there is no handshake."""
    context = ssl._create_unverified_context()      # the certificate is its own
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    sock = socket.create_connection(("127.0.0.1", server.port()), 60)
    while not sock.recv(1).endswith(b"\n"):
        pass
    try:
        with context.wrap_socket(sock) as secure:
            secure.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
            return secure.cipher()[0] if secure.recv(1) == b"P" else None
    except (ssl.SSLError, ConnectionError):
        return None


def case_tls_by_flags_is_as_strict_as_by_file(world):
    """Versions and suites are those of a configuration file, and no weak ones (advisory 2021-03)."""
    make_certificate(world, "rsa:2048")
    servers = [world.start("-a", "127.0.0.1", "-p", "-1", "--tls", "--tlscert", "cert.pem", "--tlskey", "key.pem"),
               world.start_with('listen: "127.0.0.1:-1"\ntls { cert_file: "cert.pem", key_file: "key.pem" }\n')]
    strong = 0
    for version, ciphers, is_weak in (
            (ssl.TLSVersion.TLSv1, "ALL", True), (ssl.TLSVersion.TLSv1_1, "ALL", True),
            (ssl.TLSVersion.TLSv1_2, "NULL", True), (ssl.TLSVersion.TLSv1_2, "ADH", True),
            (ssl.TLSVersion.TLSv1_2, "RC4:3DES", True), (ssl.TLSVersion.TLSv1_2, "kRSA", True),
            (ssl.TLSVersion.TLSv1_2, "DEFAULT", False), (ssl.TLSVersion.TLSv1_3, "DEFAULT", False)):
        try:
            by_flags, by_file = (tls_in(server, version, ciphers) for server in servers)
        except ssl.SSLError:                        # this machine's OpenSSL has no such thing to offer
            continue
        expect_equal(by_flags, by_file)
        expect_equal(by_flags is None, is_weak)
        strong += by_flags is not None
    expect_equal(strong, 2)
