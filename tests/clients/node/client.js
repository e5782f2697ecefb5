// SPDX-License-Identifier: Apache-2.0
// The scenarios of README.md with @nats-io/transport-node, and with the core client's own WebSocket.
"use strict";
const { createRequire } = require("module");
const { readFileSync } = require("fs");
const { PATIENCE_MS, equal, run } = require("./cases.js");

const installed = createRequire(process.env.PACKAGES + "/");
globalThis.crypto ??= require("crypto").webcrypto;      // what newer Nodes have by themselves
globalThis.WebSocket ??= trusting(installed("ws"));
const nats = installed("@nats-io/transport-node");
const { nkeyAuthenticator } = nats;

const { URL_OPEN, URL_AUTH, URL_TLS, URL_WS, URL_WSS, CA_FILE, NKEY_SEED } = process.env;

function trusting(Socket) {
    return class extends Socket {
        constructor(url, protocols) {
            super(url, protocols, { ca: readFileSync(CA_FILE) });
        }
    };
}

function connect(servers = URL_OPEN, options = {}) {
    return nats.connect({ servers, reconnect: false, timeout: PATIENCE_MS, ...options });
}

async function refused(promise, pattern) {
    let error;
    try {
        await (await promise).close();
    } catch (e) {
        error = e;
    }
    if (!error) throw new Error("it was let in");
    if (pattern && !pattern.test(`${error.name} ${error.message} ${error.cause}`)) throw error;
}

// The first `count` messages of a subscription.
async function take(sub, count) {
    const got = [];
    if (count === 0) return got;
    for await (const msg of sub) {
        got.push(msg);
        if (got.length === count) break;
    }
    return got;
}

async function echo(nc) {
    const sub = nc.subscribe("greet", { max: 1 });
    nc.publish("greet", "hello");
    const [msg] = await take(sub, 1);
    equal([msg.subject, msg.string()], ["greet", "hello"]);
}

const cases = {
    async connect() {
        const nc = await connect(URL_OPEN, { name: "node" });
        equal([nc.info.max_payload, nc.info.proto, nc.info.headers], [1048576, 1, true]);
        equal((await nc.rtt()) >= 0, true);
        await nc.close();
    },

    async publish_subscribe() {
        const nc = await connect();
        const sub = nc.subscribe("many", { max: 1000 });
        for (let i = 0; i < 1000; i++) nc.publish("many", String(i));
        const got = await take(sub, 1000);
        equal(got.map((msg) => Number(msg.string())), [...Array(1000).keys()]);
        await nc.close();
    },

    async wildcards() {
        const nc = await connect();
        const [star, rest] = [nc.subscribe("w.*.c"), nc.subscribe("w.>")];
        for (const subject of ["w.a.c", "w.a.d", "v.a.c", "w.b.c.d", "w.b.c"]) nc.publish(subject);
        equal((await take(rest, 4)).map((msg) => msg.subject), ["w.a.c", "w.a.d", "w.b.c.d", "w.b.c"]);
        equal((await take(star, 2)).map((msg) => msg.subject), ["w.a.c", "w.b.c"]);
        await nc.close();
    },

    async queue_group() {
        const nc = await connect();
        const seen = [[], [], []];
        const all = new Promise((resolve) => {
            for (const mine of seen) {
                nc.subscribe("jobs", {
                    queue: "workers",
                    callback: (_, msg) => {
                        mine.push(Number(msg.string()));
                        if (seen.flat().length === 300) resolve();
                    },
                });
            }
        });
        for (let i = 0; i < 300; i++) nc.publish("jobs", String(i));
        await all;
        await nc.flush();
        equal(seen.flat().sort((a, b) => a - b), [...Array(300).keys()]);
        equal(seen.every((mine) => mine.length > 0), true);
        await nc.close();
    },

    async request_reply() {
        const [asker, answerer] = [await connect(), await connect()];
        answerer.subscribe("ask", { callback: (_, msg) => msg.respond("re: " + msg.string()) });
        await answerer.flush();
        const numbers = [...Array(50).keys()];
        const got = await Promise.all(numbers.map((i) => asker.request("ask", String(i), { timeout: PATIENCE_MS })));
        equal(got.map((msg) => msg.string()), numbers.map((i) => "re: " + i));
        const single = await asker.request("ask", "old", { noMux: true, timeout: PATIENCE_MS });
        equal(single.string(), "re: old");
        await asker.close();
        await answerer.close();
    },

    async no_responders() {
        const nc = await connect();
        await refused(nc.request("nobody", "", { timeout: PATIENCE_MS }), /NoResponders|no responders/i);
        await nc.close();
    },

    async headers() {
        const nc = await connect();
        const headers = nats.headers();
        headers.append("Many", "one");
        headers.append("Many", "two words");
        const sub = nc.subscribe("h", { max: 1 });
        nc.publish("h", "body", { headers });
        const [msg] = await take(sub, 1);
        equal([msg.string(), msg.headers.values("Many")], ["body", ["one", "two words"]]);
        await nc.close();
    },

    async drain() {
        const [nc, other] = [await connect(), await connect()];
        let got = 0;
        nc.subscribe("drained", { callback: () => got++ });
        await nc.flush();
        for (let i = 0; i < 200; i++) other.publish("drained");
        await other.flush();
        await nc.drain();
        equal(got, 200);
        equal(nc.isClosed(), true);
        await other.close();
    },

    async reconnect() {
        const nc = await connect(URL_OPEN, { reconnect: true, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
        const back = (async () => {
            for await (const event of nc.status()) if (event.type === "reconnect") return;
        })();
        const sub = nc.subscribe("again", { max: 1 });
        await nc.flush();
        console.log("restart");
        await back;
        nc.publish("again", "kept");
        equal((await take(sub, 1))[0].string(), "kept");
        await nc.close();
    },

    async tls() {
        const nc = await connect(URL_TLS, { tls: { caFile: CA_FILE } });
        equal(nc.info.tls_required, true);
        await echo(nc);
        await nc.close();
        await refused(connect(URL_TLS));
    },

    async user_password() {
        const nc = await connect(URL_AUTH, { user: "anna", pass: "s3cret" });
        await echo(nc);
        await nc.close();
        await refused(connect(URL_AUTH, { user: "anna", pass: "wrong" }), /authorization/i);
        await refused(connect(URL_AUTH), /authorization/i);
    },

    async nkey() {
        const authenticator = nkeyAuthenticator(new TextEncoder().encode(NKEY_SEED));
        const nc = await connect(URL_AUTH, { authenticator });
        await echo(nc);
        await nc.close();
    },

    async websocket() {
        const nc = await nats.wsconnect({ servers: URL_WS, reconnect: false });
        await echo(nc);
        const sub = nc.subscribe("large", { max: 1 });
        nc.publish("large", new Uint8Array(500000));
        equal((await take(sub, 1))[0].data.length, 500000);
        await nc.close();
    },

    async websocket_tls() {
        const nc = await nats.wsconnect({ servers: URL_WSS, reconnect: false });
        await echo(nc);
        await nc.close();
    },
};

run(cases);
