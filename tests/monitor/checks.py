# SPDX-License-Identifier: Apache-2.0
"""What recorded answers cannot show: numbers true to the message, no secret anywhere, abuse, /metrics, the password."""

import base64
import collections
import concurrent.futures
import random
import re
import signal
import ssl
import tempfile

import stories
from process import Client, Server

ALL_PAGES = ["/", "/varz", "/connz", "/routez", "/gatewayz", "/leafz", "/subsz", "/subscriptionsz", "/accountz", "/accstatz",
             "/jsz", "/healthz", "/ipqueuesz", "/raftz", "/stacksz", "/debug/vars"]
OWN_PAGES = ["/metrics", "/metrics?style=exporter&connz=detailed", "/metrics?style=surveyor"]


def claim(name, holds, otherwise=""):
    return name, None if holds else f"does not hold: {otherwise}"


def is_midge(server):
    return "midge" in server.get("/varz").json()


def numbers_are_true_to_the_message(binary):
    """Random traffic between eight clients of two accounts; every counter is what the clients counted."""
    server = Server(binary, stories.ACCOUNTS)
    rng = random.Random(1)
    clients = []
    for i in range(8):
        user = "abc"[i % 3]
        clients.append(Client(server, name=f"c{i}", user=user, **{"pass": "pw"}))
        clients[-1].account = "B" if user == "c" else "A"
        clients[-1].sent = []
    for i, client in enumerate(clients):
        for sid in range(i % 4):
            client.send(f"SUB s.{(i + sid) % 5} {sid}\r\n".encode())
    for _ in range(3000):
        client = rng.choice(clients)
        payload = bytes(rng.randrange(97, 123) for _ in range(rng.choice([0, 1, 7, 200, 9000])))
        client.sent.append(payload)
        client.socket.sendall(b"PUB s.%d %d\r\n%s\r\n" % (rng.randrange(6), len(payload), payload))
    for _ in range(2):                      # once everybody is done, the rest has been delivered, too
        for client in clients:
            client.send(b"")

    size = lambda payloads: sum(len(p) for p in payloads)
    connections = {c["name"]: c for c in server.get("/connz?subs=1").json()["connections"]}
    for i, client in enumerate(clients):
        shown = connections[f"c{i}"]
        counted = [len(client.sent), size(client.sent), len(client.received), size(client.received), i % 4]
        have = [shown[k] for k in ("in_msgs", "in_bytes", "out_msgs", "out_bytes", "subscriptions")]
        yield claim(f"/connz of c{i}", have == counted, f"{have}, counted {counted}")
        yield claim(f"port of c{i}", shown["port"] == client.local_port, shown["port"])
        yield claim(f"list of c{i}", len(shown.get("subscriptions_list", [])) == i % 4, shown)

    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for client in clients:
        numbers = [len(client.sent), size(client.sent), len(client.received), size(client.received)]
        for key in (client.account, "all"):
            sums[key] = [a + b for a, b in zip(sums[key], numbers)]
    for account in server.get("/accstatz").json()["account_statz"]:
        have = [account["received"]["msgs"], account["received"]["bytes"], account["sent"]["msgs"], account["sent"]["bytes"]]
        yield claim(f"/accstatz of {account['acc']}", have == sums[account["acc"]], f"{have}, counted {sums[account['acc']]}")
    varz = server.get("/varz").json()
    have = [varz[k] for k in ("in_msgs", "in_bytes", "out_msgs", "out_bytes")]
    yield claim("/varz", have == sums["all"], f"{have}, counted {sums['all']}")
    have = [varz[k] for k in ("in_client_msgs", "in_client_bytes", "out_client_msgs", "out_client_bytes")]
    yield claim("/varz of clients", have == sums["all"], f"{have}, counted {sums['all']}")
    yield claim("/varz connections", [varz["connections"], varz["total_connections"]] == [8, 8], varz["connections"])
    msgs = sum(s["msgs"] for s in server.get("/subsz?subs=1").json()["subscriptions_list"])
    yield claim("/subsz", msgs == sums["all"][2], f"{msgs}, counted {sums['all'][2]}")
    if is_midge(server):
        text = server.get("/metrics").body
        for name, value in (("nats_varz_in_msgs", sums["all"][0]), ("nats_connz_out_bytes", sums["all"][3])):
            found = re.search(rf"^{name}{{[^}}]*}} (\d+)$", text, re.M)
            yield claim(name, found and int(found.group(1)) == value, found and found.group(0))
    for client in clients:
        client.close()
    server.stop()


def no_secret_is_shown(binary):
    """Every secret of the configuration and of the clients has `canary` in it; no page has."""
    with tempfile.TemporaryDirectory(prefix="monitor-") as folder:
        certs = stories.make_cert(folder)
    for name, config in (("links", stories.LINKS), ("tls", stories.TLS), ("accounts", stories.ACCOUNTS)):
        server = Server(binary, config, files=certs)
        server.base = "/mon/x" if name == "links" else ""
        clients = []
        for options in ({"auth_token": "canary1"}, {"auth_token": "canary"}, {"user": "u", "pass": "canary7"},
                        {"user": "a", "pass": "pw", "jwt": "canary8", "sig": "canary9"}, {"nkey": "x", "sig": "canaryA"}):
            try:
                clients.append(Client(server, name="secret", **options))
            except (EOFError, OSError):
                pass
        midge = is_midge(server)
        queries = ["", "?auth=1&subs=detail&state=any", "?acc=$G", "?acc=A", "?unused=1", "?accounts=1&config=1"]
        pages = [page + query for page in ALL_PAGES for query in queries] + (OWN_PAGES if midge else [])
        if not midge:
            pages = [page for page in pages if not page.startswith("/debug/vars")]
        for page in pages:
            found = re.search(r".{0,60}canary.{0,20}", server.get(page).body)
            yield claim(f"{name} {page}", found is None, found and found.group(0))
        for client in clients:
            client.close()
        server.stop()


def arguments_are_redacted(binary):
    server = Server(binary, stories.PLAIN, args=["--user", "canary", "--pass", "canary"])
    if is_midge(server):
        body = server.get("/debug/vars").body
        yield claim("flags", "canary" not in body, body)
        yield claim("the rest is there", "--pass" in body, body)
    server.stop()


def scrapes_beside_churn(binary):
    """Pages are whole while connections come and go, and so is the server."""
    server = Server(binary, stories.ACCOUNTS)
    stay = Client(server, name="stay")
    pages = ["/connz?subs=detail&state=any&auth=1", "/subsz?subs=1", "/varz", "/accstatz", "/connz?sort=subs&limit=3"]
    if is_midge(server):
        pages += OWN_PAGES

    def churn(seed):
        rng = random.Random(seed)
        for i in range(40):
            client = Client(server, name=f"x{seed}.{i}")
            client.send(b"".join(b"SUB a.%d %d\r\n" % (k, k) for k in range(rng.randrange(60))))
            client.close()

    def scrape(page):
        answers = [server.get(page) for _ in range(15)]
        for answer in answers:
            if answer.headers.get("Content-Type") == "application/json":
                answer.json()
        return {answer.status for answer in answers}

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        churners = [pool.submit(churn, seed) for seed in range(4)]
        scrapers = {page: pool.submit(scrape, page) for page in pages}
        for page, scraper in scrapers.items():
            yield claim(page, scraper.result() == {200}, scraper.result())
        for churner in churners:
            churner.result()
    server.wait_until(lambda: server.get("/connz").json()["total"] == 1, "only one connection is left")
    varz = server.get("/varz").json()
    yield claim("all were counted", varz["total_connections"] == 161, varz["total_connections"])
    closed = server.get("/connz?state=closed&limit=999").json()
    yield claim("the ring keeps 50", closed["total"] == 50, closed["total"])
    stay.send(b"")
    stay.close()
    server.stop()


def every_connection_stands_on_one_page(binary):
    """Paging through any order of 250 connections shows each once (nats-server shuffles equal ones anew each time)."""
    server = Server(binary, stories.PLAIN)
    sorts = ("cid", "start", "subs", "msgs_from", "bytes_to", "uptime") if is_midge(server) else ("cid",)
    clients = [Client(server, name=f"p{i}") for i in range(250)]
    for i, client in enumerate(clients):
        client.send(b"".join(b"SUB a %d\r\n" % k for k in range(i % 7)) + b"PUB a 1\r\nx\r\n" * (i % 3))
    for client in clients:
        client.send(b"")
    for sort in sorts:
        names = []
        for offset in range(0, 300, 30):
            page = server.get(f"/connz?sort={sort}&limit=30&offset={offset}").json()
            names += [c["name"] for c in page["connections"]]
            if page["total"] != 250:
                yield claim(sort, False, page["total"])
        yield claim(sort, sorted(names) == sorted(f"p{i}" for i in range(250)), f"{len(set(names))} of 250")
    for client in clients:
        client.close()
    server.stop()


def http_details(binary):
    server = Server(binary, stories.PLAIN)
    for method in ("GET", "POST", "DELETE", "PUT"):
        answer = server.get("/healthz", method)
        yield claim(method, (answer.status, answer.body) == (200, '{"status":"ok"}'), f"{answer.status} {answer.body}")
    answer = server.get("/varz", "HEAD")
    yield claim("HEAD", (answer.status, answer.body) == (200, ""), f"{answer.status} {answer.body}")
    answer = server.get("/")
    yield claim("index", answer.status == 200 and "text/html" in answer.headers["Content-Type"], answer.status)
    for page in ("varz", "connz", "subsz", "accountz", "accstatz", "jsz", "routez", "leafz", "gatewayz", "raftz", "healthz"):
        yield claim(f"index has {page}", f"/{page}" in answer.body)
    answer = server.get("/stacksz")
    yield claim("/stacksz", answer.status == 200 and answer.body.count("\n") > 1, answer.body)
    answer = server.get("/connz?" + "&".join(f"x{i}={i}" for i in range(5000)) + "&limit=1")
    yield claim("a long query", answer.status == 200, answer.status)
    server.stop()


PASSWORD = """
port: -1
http: "127.0.0.1:-1"
midge { http_user: anna, http_password: "%s" }
"""
BCRYPT = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"      # of "secret"


def the_port_may_have_a_password(binary):
    probe = Server(binary, stories.PLAIN)
    midge = is_midge(probe)
    probe.stop()
    for kind, password in (("plain", "secret"), ("bcrypt", BCRYPT)) if midge else ():
        server = Server(binary, PASSWORD % password)
        for page in ALL_PAGES + OWN_PAGES + ["/nope"]:
            answer = server.get(page)
            yield claim(f"{kind} {page}", answer.status == 401 and "Basic" in answer.headers["WWW-Authenticate"], answer.status)
        for wrong in ("anna:Secret", "Anna:secret", "anna:", ":secret", "anna:secret:", "anna"):
            server.user = wrong
            yield claim(f"{kind} {wrong}", server.get("/varz").status == 401)
        server.user = "anna:secret"
        answer = server.get("/varz")
        yield claim(f"{kind} right", answer.status == 200 and password not in answer.body, answer.status)
        broken = {"Authorization": "Basic " + base64.b64encode(b"\xff" * 900).decode()}
        server.user = None
        yield claim(f"{kind} bytes", server.get("/varz", headers=broken).status == 401)
        server.stop()


def a_reload_shows_the_new_certificate(binary):
    """HTTPS shows what the certificate file holds since the last reload."""
    with tempfile.TemporaryDirectory(prefix="monitor-") as folder:
        certs, others = stories.make_cert(folder), stories.make_cert(folder)
    server = Server(binary, stories.TLS, files=certs)
    for name, text in others.items():
        server.write(name, text)
    shown = [ssl.get_server_certificate(("127.0.0.1", server.port("monitoring")))]
    server.process.send_signal(signal.SIGHUP)
    server.wait_until(lambda: "Reloaded server configuration" in server.output(), "the reload")
    shown.append(ssl.get_server_certificate(("127.0.0.1", server.port("monitoring"))))
    yield claim("before", shown[0] == certs["cert.pem"], shown[0])
    yield claim("after", shown[1] == others["cert.pem"], shown[1])
    server.stop()


SAMPLE = re.compile(r'^([a-z_0-9A-Z]+)(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? (-?[0-9.e+-]+)$')


def metrics_are_well_formed(binary):
    """Each family once, with its head first and then its samples; the names that dashboards use are there."""
    server, clients = stories.accounts(binary, None)
    must = ["nats_varz_" + n for n in ("connections", "cpu", "mem", "in_bytes", "in_msgs", "out_bytes", "out_msgs",
                                       "slow_consumers", "subscriptions")]
    must += ["nats_server_total_streams", "nats_server_total_consumers"]
    for style, names in (("", must), ("helm", must), ("exporter", ["gnatsd_varz_mem", "jetstream_server_total_streams"]),
                         ("surveyor", ["nats_core_mem_bytes", "nats_core_account_conn_count", "nats_up"])) \
            if is_midge(server) else ():
        for query in ("", "&connz=detailed&jsz=all"):
            body = server.get(f"/metrics?style={style}{query}").body
            families, complaint = [], None
            for line in body.splitlines():
                head = re.match(r"^# TYPE (\S+) (gauge|counter|untyped)$", line)
                sample = SAMPLE.match(line)
                if head:
                    families.append(head.group(1))
                elif not line.startswith("# HELP ") and not (sample and sample.group(1) == families[-1]):
                    complaint = line
            yield claim(f"lines of {style}{query}", complaint is None, complaint)
            yield claim(f"families of {style}{query}", len(families) == len(set(families)))
            yield claim(f"names of {style}{query}", set(names) <= set(families), set(names) - set(families))
    for client in clients:
        client.close()
    server.stop()


JETSTREAM = """
port: -1
http: "127.0.0.1:-1"
server_name: srv
jetstream { store_dir: "./js", max_mem: 10M, max_file: 20M }
accounts { A: { users: [ { user: a, password: pw } ], jetstream: enabled }, B: { users: [ { user: b, password: pw } ] } }
no_auth_user: a
"""


def asked(client, subject, body):
    client.received.clear()
    client.socket.sendall(b"PUB $JS.API.%s i %d\r\n%s\r\n" % (subject, len(body), body))
    while not client.received:
        client.send(b"")
    return client.received[-1]


def series(body):
    """{name and labels: value}, and {name: names of its labels}."""
    values, labels = {}, {}
    for line in body.splitlines():
        found = re.match(r"^(\w+)(?:{(.*)})? (\S+)$", line)
        if found:
            values.setdefault(found.group(1), []).append(float(found.group(3)))
            labels[found.group(1)] = set(re.findall(r'(\w+)="', found.group(2) or ""))
    return values, labels


OF_SURVEYOR = {"account", "account_name", "cluster_name", "raft_group", "server_id", "server_name", "stream", "stream_leader"}
OF_EXPORTER = {"account", "account_id", "account_name", "cluster", "domain", "is_meta_leader", "is_stream_leader", "meta_leader",
               "server_id", "server_name", "stream_leader", "stream_name", "stream_raft_group"}
LABELS = {
    "": {"nats_stream_last_seq": OF_EXPORTER, "nats_accountz_complete": {"account_id", "account_name", "server_id"},
         "nats_accstatz_subscriptions": {"account", "account_id", "account_name", "server_id"}},
    "surveyor": {"nats_stream_last_seq": OF_SURVEYOR,
                 "nats_consumer_num_pending": OF_SURVEYOR | {"consumer_leader", "consumer_name"},
                 "nats_core_account_jetstream_replica_count": {"account", "account_name", "raft_group", "stream"},
                 "nats_core_account_jetstream_enabled": {"account", "account_name"},
                 "nats_core_account_leaf_msgs_recv": {"account", "account_name", "server_cluster", "server_id", "server_name"},
                 "nats_core_jetstream_info": {"server_cluster", "server_domain", "server_host", "server_id", "server_jetstream",
                                              "server_name", "server_version"}},
}
# Style, name, its values: what one stream with three messages and a consumer that got two makes of them.
VALUES = (
    [("", f"nats_varz_jetstream_{name}", [value]) for name, value in (
        ("config_max_memory", 10e6), ("config_max_storage", 20e6), ("stats_memory", 0), ("stats_api_total", 2),
        ("stats_storage", 3 * 34), ("stats_accounts", 1), ("limits_default_max_consumers", 1000))] +
    [("", f"nats_{name}", value) for name, value in (
        ("server_total_streams", [1]), ("server_total_consumers", [1]), ("stream_last_seq", [3]),
        ("stream_total_bytes", [3 * 34]), ("stream_total_messages", [3]), ("consumer_delivered_consumer_seq", [2]),
        ("consumer_num_ack_pending", [2]), ("consumer_num_pending", [1]), ("healthz_status", [0]),
        ("accountz_jetstream_enabled", [0, 1, 0, 0]))] +
    [("surveyor", f"nats_{name}", value) for name, value in (
        ("stream_total_messages", [3]), ("consumer_num_pending", [1]), ("core_account_jetstream_enabled", [1]),
        ("core_account_jetstream_stream_count", [1]), ("core_account_jetstream_consumer_count", [1]),
        ("core_account_jetstream_storage_used", [3 * 34]), ("core_jetstream_enabled", [1]),
        ("core_jetstream_api_requests", [2]), ("core_jetstream_filestore_used_bytes", [3 * 34]),
        ("core_jetstream_memstore_size_bytes", [10e6]), ("core_jetstream_server_total_consumers", [1]),
        ("core_jetstream_server_jetstream_disabled", [0]))])


def metrics_of_jetstream_are_true(binary):
    """The names that dashboards know, with their labels, and numbers that were counted here."""
    probe = Server(binary, stories.PLAIN)
    midge = is_midge(probe)
    probe.stop()
    if not midge:
        return
    server = Server(binary, JETSTREAM)
    client = Client(server)
    client.send(b"SUB i 1\r\n")
    asked(client, b"STREAM.CREATE.S", b'{"name":"S","subjects":["s.*"]}')
    asked(client, b"CONSUMER.DURABLE.CREATE.S.d", b'{"stream_name":"S","config":{"durable_name":"d","ack_policy":"explicit"}}')
    client.received.clear()
    client.socket.sendall(b"PUB s.a i 1\r\nx\r\n" * 3)
    while len(client.received) < 3:
        client.send(b"")
    client.received.clear()
    client.socket.sendall(b"PUB $JS.API.CONSUMER.MSG.NEXT.S.d i 1\r\n2\r\n")
    while len(client.received) < 2:
        client.send(b"")
    shown = lambda: '"num_ack_pending": 2' in server.get("/jsz?consumers=1").body
    server.wait_until(shown, "what was delivered is written down")
    pages = {style: series(server.get(f"/metrics?style={style}&jsz=all").body) for style in LABELS}
    for style, name, value in VALUES:
        have = pages[style][0].get(name)
        yield claim(f"{style} {name}", have is not None and sorted(have) == sorted(value), have)
    for style, wanted in LABELS.items():
        for name, labels in wanted.items():
            yield claim(f"labels of {style} {name}", pages[style][1].get(name) == labels, pages[style][1].get(name))
    client.close()
    server.stop()


CHECKS = [numbers_are_true_to_the_message, no_secret_is_shown, arguments_are_redacted, scrapes_beside_churn,
          every_connection_stands_on_one_page, http_details, a_reload_shows_the_new_certificate,
          the_port_may_have_a_password, metrics_are_well_formed, metrics_of_jetstream_are_true]
