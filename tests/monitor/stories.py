# SPDX-License-Identifier: Apache-2.0
"""Servers in known situations, and what is asked of them: the answers of nats-server are in recorded.json."""

import os
import ssl
import subprocess
import sys

from process import Client, Server

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "dialogs"))
from player.keys import signature, user_nkey

FLAGS = [("connz", "auth"), ("connz", "subs"), ("subsz", "subs"), ("routez", "subs"), ("gatewayz", "subs"),
         ("gatewayz", "accs"), ("leafz", "subs"), ("accstatz", "unused"), ("ipqueuesz", "all")]
FLAGS += [("jsz", flag) for flag in ("accounts", "streams", "consumers", "direct-consumers", "config", "leader-only",
                                     "stream-leader-only", "raft")]
FLAGS += [("healthz", flag) for flag in ("js-enabled", "js-enabled-only", "js-server-only", "js-meta-only", "details")]
NUMBERS = [("connz", "limit"), ("connz", "offset"), ("connz", "cid"), ("subsz", "limit"), ("subsz", "offset"),
           ("jsz", "limit"), ("jsz", "offset")]
BAD_NUMBERS = ["x", "1.5", "99999999999999999999", "-99999999999999999999", "0x10", "%22%0a%ff"]
HUGE = "9223372036854775807"

PLAIN = """
port: -1
http: "127.0.0.1:-1"
server_name: srv
"""
PLAIN_ASKS = (
    [f"/{page}?{flag}={value}" for page, flag in FLAGS for value in ("x", "T", "False", "")] +
    [f"/{page}?{name}={value}" for page, name in NUMBERS for value in BAD_NUMBERS] +
    ["/varz", "/connz", "/routez", "/gatewayz", "/leafz", "/subsz", "/subscriptionsz", "/accountz", "/accstatz", "/jsz",
     "/healthz", "/ipqueuesz", "/raftz", "/raftz?acc=x&group=y",
     "/nope", "/expvarz", "/varz/", "/VARZ", "/debug", "/connz/x",
     "/varz?callback=alert", "/connz?callback=alert", "/healthz?callback=alert", "/jsz?callback=", "/raftz?callback=x",
     f"/connz?limit={HUGE}&offset={HUGE}", f"/subsz?subs=1&limit={HUGE}&offset={HUGE}", f"/jsz?limit={HUGE}&offset={HUGE}",
     "/connz?limit=-1&offset=-1", "/connz?limit=0", "/subsz?limit=-1&offset=-9", "/connz?limit=2&limit=3",
     "/connz?limit=%zz", "/connz?auth=1;subs=x", "/connz?sort=", "/connz?sort=bogus", "/connz?sort=CID",
     "/connz?sort=stop", "/connz?sort=reason", "/connz?sort=stop&state=any", "/connz?sort=reason&state=closed",
     "/connz?state=bogus", "/connz?state=1", "/connz?state=CLOSED", "/connz?state=All", "/connz?state=any",
     "/connz?cid=0", "/connz?cid=999", "/connz?cid=-1", "/connz?acc=nope", "/connz?state=closed&acc=nope",
     "/connz?user=x", "/connz?mqtt_client=x", "/connz?filter_subject=x",
     "/subsz?test=foo", "/subsz?test=a..b", "/subsz?test=a.%3E", "/subsz?test=*", "/subsz?test=.", "/subsz?acc=nope&subs=1",
     "/accountz?acc=nope", "/accountz?acc=$G", "/accountz?acc=$SYS", "/accountz?acc=nope&callback=x", "/accstatz?unused=1",
     "/jsz?acc=nope", "/healthz?account=$G", "/healthz?account=nope", "/healthz?stream=s", "/healthz?consumer=c",
     "/healthz?account=a&consumer=c", "/healthz?account=a&stream=s", "/healthz?account=a&stream=s&consumer=c",
     "/healthz?stream=s&details=1", "/healthz?consumer=c&details=1", "/healthz?details=1&js-enabled-only=1",
     "/ipqueuesz?queues=x"] +
    # a scraper's base of "http://host/" and "/varz" meet: what was meant is told
    ["//varz", "//varz?a=1", "/varz//", "/./varz", "/x/../varz", "/../varz", "/varz/.", "//nope", "/%68ealthz", "/varz%2f"] +
    [f"/connz?subs={value}" for value in ("1", "t", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "DETAIL",
                                          "tRUE", "yes", "on", "2", "%201")] +
    ["/connz?limit=%2B5", "/connz?limit=1_0", "/connz?limit=007", "/connz?cid=%2B1", "/connz?subs=1&subs=x",
     "/connz?LIMIT=1", "/connz?limit", "/connz?acc=", "/connz?state=Open", "/connz?sort=Subs",
     "/subsz?test=foo%20bar", "/subsz?test=%3Cscript%3E", "/routez?subs=DETAIL", "/gatewayz?acc_name=A",
     "/leafz?acc=nope", "/accountz?acc=a%22b", "/jsz?limit=x&offset=y", "/healthz?details=x", "/healthz?account=%22"])

ACCOUNTS = """
port: -1
http: "127.0.0.1:-1"
server_name: srv
server_tags: [ "b", "A:1" ]
server_metadata: { k: v, a: "<b>" }
feature_flags: { js_ack_fc_v2: true }
max_subs: 100
max_closed_clients: 50
accounts {
  A: { users: [ { user: a, password: pw }, { user: b, password: pw } ] }
  B: { users: [ { user: c, password: pw } ] }
  EMPTY: {}
  $SYS { users: [ { user: s, password: pw } ] }
}
no_auth_user: a
"""
SORTS = ["cid", "start", "subs", "msgs_to", "msgs_from", "bytes_to", "bytes_from"]
ACCOUNTS_ASKS = (
    [f"/connz?sort={sort}" for sort in SORTS] + [f"/connz?limit=2&sort={sort}" for sort in SORTS] +
    [f"/connz?sort={sort}&state=any" for sort in ("subs", "msgs_from")] +
    ["/connz?sort=stop&state=closed", "/connz?sort=reason&state=closed", "/connz?state=any&sort=cid",
     "/varz", "/connz", "/connz?auth=1", "/connz?subs=1", "/connz?subs=detail", "/connz?subs=detail&auth=1",
     "/connz?limit=1&offset=1", "/connz?limit=2&offset=2", "/connz?offset=3", "/connz?offset=99",
     "/connz?user=b", "/connz?user=b&auth=1", "/connz?user=nobody", "/connz?acc=A", "/connz?acc=A&auth=1",
     "/connz?acc=A&limit=1", "/connz?acc=B&user=b&auth=1", "/connz?acc=EMPTY",
     "/connz?state=closed", "/connz?state=closed&auth=1", "/connz?state=closed&subs=1&auth=1",
     "/connz?state=closed&subs=detail", "/connz?state=closed&acc=A", "/connz?state=closed&user=b",
     "/connz?state=closed&user=nobody", "/connz?state=any&acc=A", "/connz?state=any&user=b&auth=1",
     "/connz?state=any&limit=2&offset=2",
     "/subsz", "/subsz?acc=A", "/subsz?subs=1&acc=A", "/subsz?subs=1&acc=B", "/subsz?subs=1&test=foo", "/subsz?test=foo",
     "/subsz?subs=1&test=foo.x.y&acc=A", "/subsz?subs=1&test=nobody",
     "/accountz", "/accountz?acc=A", "/accountz?acc=B", "/accountz?acc=EMPTY", "/accountz?acc=$SYS",
     "/accstatz", "/accstatz?unused=1"])

LINKS = """
port: -1
http: "127.0.0.1:-1"
http_base_path: "mon//x/"
server_name: srv
client_advertise: "pub.example:4222"
authorization { token: canary1, timeout: 1.5 }
ping_interval: "30s"
write_deadline: "3s"
write_timeout: retry
max_connections: 10
cluster {
  name: C1, listen: "127.0.0.1:-1", routes: [ "nats://ru:canary2@127.0.0.1:1" ], pool_size: 5
  authorization { user: cu, password: canary3, timeout: 3 }
  permissions { import: { allow: [ "a", "b" ], deny: "c" }, export: "x.>" }
}
leafnodes {
  listen: "127.0.0.1:-1", authorization { user: lu, password: canary4 }
  remotes: [ { url: "nats-leaf://lu:canary5@127.0.0.1:1", deny_imports: [ "a" ], deny_exports: [ "b" ] } ]
}
websocket {
  listen: "127.0.0.1:-1", no_tls: true, same_origin: true, allowed_origins: [ "https://a.b" ], compression: true
  handshake_timeout: "3s", advertise: "ws.example", authorization { timeout: 2.5 }
}
"""
LINKS_ASKS = ["/varz", "/connz", "/connz?auth=1", "/routez", "/routez?subs=detail", "/gatewayz", "/leafz", "/leafz?subs=1",
              "/accountz", "/healthz", "/nope", "/", "/subsz"]

TLS = """
port: -1
https: "127.0.0.1:-1"
server_name: srv
tls { cert_file: cert.pem, key_file: key.pem, ca_file: cert.pem, verify_and_map: true, timeout: 3 }
authorization { users: [ { user: "CN=localhost,OU=Test,O=Example,C=DE" }, { user: u, password: canary6 } ] }
"""
TLS_ASKS = ["/varz", "/connz", "/connz?auth=1", "/connz?subs=detail&auth=1", "/healthz"]


KEYS = """
port: -1
http: "127.0.0.1:-1"
server_name: srv
authorization { users: [ { nkey: %s }, { user: u, password: canary6 } ] }
"""
KEYS_ASKS = ["/connz?auth=1", "/connz?auth=1&state=closed", "/connz"]


def make_cert(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    "key.pem", "-out", "cert.pem", "-days", "3650", "-subj", "/C=DE/O=Example/OU=Test/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   cwd=folder, check=True, capture_output=True)
    files = {}
    for name in ("cert.pem", "key.pem"):
        with open(os.path.join(folder, name), encoding="ascii") as file:
            files[name] = file.read()
    return files


def client_tls(folder):
    context = ssl.create_default_context(cafile=os.path.join(folder, "cert.pem"))
    context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
    return context


def plain(binary, _folder):
    return Server(binary, PLAIN), []


def accounts(binary, _folder):
    """Three clients that differ in every number, one that has left, one that was turned away."""
    server = Server(binary, ACCOUNTS)
    one = Client(server, name="one", lang="py", version="1")
    two = Client(server, name="two", user="b", **{"pass": "pw"})
    three = Client(server, name="three", user="c", **{"pass": "pw"})
    one.send(b"SUB foo 1\r\nSUB foo.> q 10\r\nSUB bar 2\r\nUNSUB 2 5\r\nSUB x 11\r\nUNSUB 11\r\n")
    two.send(b"SUB foo 1\r\n")
    one.send(b"PUB foo 3\r\nabc\r\n" * 5)
    two.send(b"PUB foo.x 4\r\nabcd\r\nPUB nobody 0\r\n\r\nPUB foo.y.z 1\r\nx\r\n")
    three.send(b"PUB foo 2\r\nab\r\n")
    for client in (one, two, three):
        client.send(b"")        # what was under way has arrived
    gone = Client(server, name="gone", user="b", **{"pass": "pw"})
    gone.send(b"SUB z 9\r\n")
    gone.close()
    closed = lambda count: server.get("/connz?state=closed").json()["total"] == count
    server.wait_until(lambda: closed(1), "the client that left is closed")
    try:
        Client(server, name="bad", user="nobody", **{"pass": "canary"})
    except EOFError:
        pass
    server.wait_until(lambda: closed(2), "the client with a wrong password is closed")
    return server, [one, two, three]


def links(binary, _folder):
    server = Server(binary, LINKS)
    server.base = "/mon/x"
    return server, [Client(server, name="one", auth_token="canary1")]


def tls(binary, folder):
    server = Server(binary, TLS, files=make_cert(folder))
    client = Client(server, tls=client_tls(folder), name="one")
    client.send(b"SUB foo 1\r\nPUB foo 1\r\nx\r\n")
    return server, [client]


def keys(binary, _folder):
    """Clients with an nkey: one is in, one has left, one could not sign."""
    server = Server(binary, KEYS % user_nkey("anna"))
    one = Client(server, name="one", nkey=user_nkey("anna"), sign=lambda nonce: signature("anna", nonce))
    Client(server, name="gone", nkey=user_nkey("anna"), sign=lambda nonce: signature("anna", nonce)).close()
    closed = lambda count: server.get("/connz?state=closed").json()["total"] == count
    server.wait_until(lambda: closed(1), "the client that left is closed")
    try:
        Client(server, name="bad", nkey=user_nkey("anna"), sig="AAAA")
    except EOFError:
        pass
    server.wait_until(lambda: closed(2), "the client with a wrong signature is closed")
    return server, [one]


STORIES = {
    "plain": (plain, PLAIN_ASKS),
    "accounts": (accounts, ACCOUNTS_ASKS),
    "links": (links, LINKS_ASKS),
    "tls": (tls, TLS_ASKS),
    "keys": (keys, KEYS_ASKS),
}
