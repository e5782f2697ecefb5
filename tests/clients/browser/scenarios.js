// SPDX-License-Identifier: Apache-2.0
// What the page does. Each function runs inside the browser, so it may use nothing but its argument and the page.
"use strict";

const scenarios = [];
const scenario = (name, config, run, page = {}) => scenarios.push({ name, config, run, page });

const PLAIN = "no_tls: true";
const PACKED = "no_tls: true, compression: true";

async function publishesSubscribesAndRequests({ url }) {
    const { wsconnect } = window.packages["@nats-io/nats-core"];
    const check = (ok, what) => { if (!ok) throw new Error(what); };
    const a = await wsconnect({ servers: [url] });
    const b = await wsconnect({ servers: [url] });
    check(a.info.version.startsWith("2."), `server says version ${a.info.version}`);

    // Sizes around the frame and compression limits; each message is told from the others.
    const sizes = [0, 1, 40, 64, 65, 125, 126, 4095, 4096, 4097, 65535, 65536, 300000];
    const payload = (n) => Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) & 255);
    const texts = (n) => new TextEncoder().encode("abc ".repeat(n / 4 + 1).slice(0, n));
    for (const make of [payload, texts]) {
        const got = [];
        const sub = b.subscribe("data.*", { max: sizes.length });
        await b.flush();
        sizes.forEach((n, i) => a.publish(`data.${i}`, make(n)));
        for await (const m of sub) got.push(m);
        got.forEach((m, i) => {
            check(m.subject === `data.${i}`, `message ${i} came as ${m.subject}`);
            const want = make(sizes[i]);
            check(m.data.length === want.length && m.data.every((byte, k) => byte === want[k]),
                  `the ${sizes[i]} bytes of message ${i} changed on the way`);
        });
        check(got.length === sizes.length, `${got.length} of ${sizes.length} messages came`);
    }

    b.subscribe("echo", { callback: (_, m) => m.respond(m.data) });
    await b.flush();
    const replies = await Promise.all(sizes.map((n) => a.request("echo", payload(n), { timeout: 10000 })));
    replies.forEach((m, i) => check(m.data.length === sizes[i], `reply ${i} has ${m.data.length} bytes`));

    await a.drain();
    await b.close();
}

async function carriesHeadersAndNoResponders({ url }) {
    const { wsconnect, headers } = window.packages["@nats-io/nats-core"];
    const check = (ok, what) => { if (!ok) throw new Error(what); };
    const nc = await wsconnect({ servers: [url] });
    const sub = nc.subscribe("h", { max: 1 });
    const h = headers();
    h.set("Color", "blue");
    nc.publish("h", "x", { headers: h });
    for await (const m of sub) check(m.headers.get("Color") === "blue", "the header is gone");
    const failure = await nc.request("nobody", "x", { timeout: 5000 }).catch((e) => e);
    check(/no responders/i.test(`${failure.message} ${failure.cause?.message}`), `request to nobody: ${failure.message}`);
    await nc.close();
}

async function ordersManyMessages({ url }) {
    const { wsconnect } = window.packages["@nats-io/nats-core"];
    const check = (ok, what) => { if (!ok) throw new Error(what); };
    const COUNT = 20000;
    const a = await wsconnect({ servers: [url] });
    const b = await wsconnect({ servers: [url] });
    const sub = b.subscribe("n", { max: COUNT });
    await b.flush();
    let next = 0;
    const reading = (async () => {
        for await (const m of sub) check(m.string() === `message number ${next++}`, `out of order at ${next}`);
    })();
    for (let i = 0; i < COUNT; i++) a.publish("n", `message number ${i}`);
    await a.flush();
    await reading;
    check(next === COUNT, `${next} of ${COUNT} messages came`);
    await Promise.all([a.close(), b.close()]);
}

// `extensions` is what the browser made of the server's answer.
async function agreesOnExtensions({ url, packed }) {
    const ws = new WebSocket(url);
    await new Promise((resolve, reject) => { ws.onopen = resolve; ws.onerror = () => reject(new Error("no upgrade")); });
    if (ws.extensions.startsWith("permessage-deflate") !== packed) throw new Error(`extensions: "${ws.extensions}"`);
    const closed = new Promise((resolve) => { ws.onclose = resolve; });
    ws.close(1000, "bye");
    const { code, wasClean } = await closed;
    if (code !== 1000 || !wasClean) throw new Error(`closed with ${code}, clean: ${wasClean}`);
}

async function isToldWhyItIsClosed({ url }) {
    const ws = new WebSocket(url);
    await new Promise((resolve) => { ws.onopen = resolve; });
    const closed = new Promise((resolve) => { ws.onclose = resolve; });
    ws.send('CONNECT {"verbose":false,"protocol":7}\r\n');
    const { code, reason } = await closed;
    if (code !== 1002 || reason !== "Bad Client Protocol Version") throw new Error(`closed with ${code} ${reason}`);
}

async function logsInByCookies({ url }) {
    const { wsconnect } = window.packages["@nats-io/nats-core"];
    const refused = await wsconnect({ servers: [url], reconnect: false }).then(() => null, (e) => e);
    if (!refused) throw new Error("let in without a cookie");
    document.cookie = "user=anna; path=/; SameSite=Lax";
    document.cookie = "pass=secret; path=/; SameSite=Lax";
    const nc = await wsconnect({ servers: [url] });
    await nc.flush();
    await nc.close();
}

async function isLetIn({ url }) {
    const ws = new WebSocket(url);
    await new Promise((resolve, reject) => { ws.onopen = resolve; ws.onerror = () => reject(new Error("refused")); });
    ws.close();
}

async function isKeptOut({ url }) {
    const ws = new WebSocket(url);
    const opened = await new Promise((resolve) => { ws.onopen = () => resolve(true); ws.onerror = () => resolve(false); });
    if (opened) throw new Error("let in");
}

scenario("a page publishes, subscribes and requests", PLAIN, publishesSubscribesAndRequests);
scenario("the same with compression", PACKED, publishesSubscribesAndRequests);
scenario("the same over TLS", "TLS, compression: true", publishesSubscribesAndRequests);
scenario("headers and no responders reach a page", PACKED, carriesHeadersAndNoResponders);
scenario("20000 messages keep their order", PLAIN, ordersManyMessages);
scenario("20000 messages keep their order, compressed", PACKED, ordersManyMessages);
scenario("no compression unless configured", PLAIN, agreesOnExtensions, { packed: false });
scenario("the browser takes the offer of compression", PACKED, agreesOnExtensions, { packed: true });
scenario("a close frame says why", PLAIN, isToldWhyItIsClosed);
scenario("cookies log in", `${PLAIN}, user_cookie: "user", pass_cookie: "pass"
    authorization { user: anna, password: secret }`, logsInByCookies);
scenario("a listed origin is let in", `${PLAIN}, allowed_origins: ["ORIGIN"]`, isLetIn);
scenario("another origin is kept out", `${PLAIN}, allowed_origins: ["http://other.example"]`, isKeptOut);
scenario("same_origin keeps out pages of another port", `${PLAIN}, same_origin: true`, isKeptOut);

module.exports = { scenarios };
