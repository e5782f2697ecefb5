// SPDX-License-Identifier: Apache-2.0
// The JetStream scenarios of README.md with @nats-io/transport-node, jetstream, kv and obj.
"use strict";
const { createRequire } = require("module");
const { PATIENCE_MS, equal, run } = require("./cases.js");

const installed = createRequire(process.env.PACKAGES + "/");
globalThis.crypto ??= require("crypto").webcrypto;      // what newer Nodes have by themselves
const nats = installed("@nats-io/transport-node");
const { jetstream, jetstreamManager, AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy } =
    installed("@nats-io/jetstream");
const { Kvm } = installed("@nats-io/kv");
const { Objm } = installed("@nats-io/obj");

async function fails(promise, pattern) {
    let error;
    try {
        await promise;
    } catch (e) {
        error = e;
    }
    if (!error) throw new Error("it did not fail");
    if (!pattern.test(`${error.name} ${error.code} ${error.message}`)) throw error;
}

const cases = {
    async streams({ jsm, js }) {
        let info = await jsm.streams.add({ name: "js_streams", subjects: ["js.streams.*"], description: "one" });
        equal([info.config.description, info.state.messages], ["one", 0]);
        info = await jsm.streams.update("js_streams", { subjects: ["js.streams.*"], max_msgs: 5 });
        equal([info.config.description, info.config.max_msgs], ["one", 5]);
        for (let i = 0; i < 7; i++) await js.publish("js.streams.a", String(i));
        info = await jsm.streams.info("js_streams", { deleted_details: true, subjects_filter: ">" });
        equal([info.state.messages, info.state.first_seq, info.state.subjects], [5, 3, { "js.streams.a": 5 }]);
        equal((await jsm.streams.getMessage("js_streams", { seq: 4 })).string(), "3");
        equal(await jsm.streams.deleteMessage("js_streams", 4), true);
        equal(await jsm.streams.getMessage("js_streams", { seq: 4 }), null);
        equal(await jsm.streams.find("js.streams.b"), "js_streams");
        equal((await jsm.streams.list().next()).some((i) => i.config.name === "js_streams"), true);
        equal((await jsm.streams.purge("js_streams", { filter: "js.streams.a", keep: 1 })).purged, 3);
        equal(await jsm.streams.delete("js_streams"), true);
        await fails(jsm.streams.info("js_streams"), /StreamNotFound/);
    },

    async publish({ jsm, js }) {
        await jsm.streams.add({ name: "js_publish", subjects: ["js.publish"] });
        let ack = await js.publish("js.publish", "x", { msgID: "one" });
        equal([ack.stream, ack.seq, ack.duplicate], ["js_publish", 1, false]);
        ack = await js.publish("js.publish", "x", { msgID: "one" });
        equal([ack.seq, ack.duplicate], [1, true]);
        await js.publish("js.publish", "y", { expect: { lastSequence: 1 } });
        await fails(js.publish("js.publish", "z", { expect: { lastSequence: 1 } }), /wrong last sequence: 2/);
        await fails(js.publish("js.publish", "z", { expect: { streamName: "other" } }), /expected stream/);
        await fails(js.publish("js.nobody", "z"), /NotEnabled|NoResponders/);
        const acks = await Promise.all([...Array(200).keys()].map((i) => js.publish("js.publish", String(i))));
        equal(acks.map((a) => a.seq), [...Array(200).keys()].map((i) => i + 3));
    },

    async pull({ jsm, js }) {
        await jsm.streams.add({ name: "js_pull", subjects: ["js.pull"] });
        for (let i = 0; i < 20; i++) await js.publish("js.pull", String(i));
        await jsm.consumers.add("js_pull", { durable_name: "worker", ack_policy: AckPolicy.Explicit });
        const consumer = await js.consumers.get("js_pull", "worker");
        const first = [];
        for await (const msg of await consumer.fetch({ max_messages: 5, expires: PATIENCE_MS })) first.push(msg);
        equal(first.map((msg) => msg.string()), ["0", "1", "2", "3", "4"]);
        equal([first[0].seq, first[0].info.pending], [1, 19]);
        for (const msg of first.slice(0, 3)) equal(await msg.ackAck(), true);
        first[3].nak();
        first[4].term("no use");
        const rest = [];
        for await (const msg of await consumer.consume({ max_messages: 10 })) {
            rest.push(msg);
            await msg.ackAck();
            if (rest.length === 16) break;
        }
        equal(rest.map((msg) => Number(msg.string())).sort((a, b) => a - b),
              [3, ...[...Array(15).keys()].map((i) => i + 5)]);
        equal(rest.filter((msg) => msg.redelivered).map((msg) => msg.string()), ["3"]);
        const info = await consumer.info();
        equal([info.num_pending, info.num_ack_pending, info.ack_floor.stream_seq], [0, 0, 20]);
        equal(await consumer.next({ expires: 1000 }), null);
        equal(await consumer.delete(), true);
    },

    async push({ jsm, js, nc }) {
        await jsm.streams.add({ name: "js_push", subjects: ["js.push"] });
        for (let i = 0; i < 100; i++) await js.publish("js.push", String(i));
        await jsm.consumers.add("js_push", {
            durable_name: "pushed", ack_policy: AckPolicy.Explicit, deliver_subject: "js.deliver",
            idle_heartbeat: 5e9, flow_control: true,
        });
        const consumer = await js.consumers.getPushConsumer("js_push", "pushed");
        const got = [];
        for await (const msg of await consumer.consume()) {
            got.push(Number(msg.string()));
            await msg.ackAck();
            if (got.length === 100) break;
        }
        equal(got, [...Array(100).keys()]);
        await nc.flush();
        equal((await jsm.consumers.info("js_push", "pushed")).num_ack_pending, 0);
    },

    async ordered({ jsm, js }) {
        await jsm.streams.add({ name: "js_ordered", subjects: ["js.ordered.*"] });
        for (let i = 0; i < 300; i++) await js.publish(`js.ordered.${i % 2}`, new Uint8Array(20000).fill(i));
        const consumer = await js.consumers.get("js_ordered", { filter_subjects: ["js.ordered.1"] });
        let at = 0;
        for await (const msg of await consumer.consume()) {
            equal([msg.seq, msg.data.length, msg.data[19999]], [2 * at + 2, 20000, (2 * at + 1) & 255]);
            if (++at === 150) break;
        }
    },

    async kv({ nc }) {
        const kv = await new Kvm(nc).create("js_kv", { history: 5 });
        equal(await kv.put("a.b", "one"), 1);
        equal(await kv.create("new", "first"), 2);
        await fails(kv.create("new", "again"), /wrong last sequence/);
        equal(await kv.update("a.b", "two", 1), 3);
        await fails(kv.update("a.b", "three", 1), /wrong last sequence/);
        const entry = await kv.get("a.b");
        equal([entry.string(), entry.revision], ["two", 3]);
        const watcher = await kv.watch();
        const seen = [];
        for await (const e of watcher) {
            seen.push(`${e.key} ${e.operation}`);
            if (seen.length === 2) await kv.delete("new");
            if (seen.length === 3) break;
        }
        equal(seen, ["new PUT", "a.b PUT", "new DEL"]);
        equal(await kv.create("new", "back"), 5);
        const keys = [];
        for await (const key of await kv.keys()) keys.push(key);
        equal(keys.sort(), ["a.b", "new"]);
        await kv.purge("a.b");
        const history = [];
        for await (const e of await kv.history({ key: "a.b" })) history.push(e.operation);
        equal(history, ["PURGE"]);
        const status = await kv.status();
        equal([status.bucket, status.values, status.history], ["js_kv", 4, 5]);
        equal(await kv.destroy(), true);
    },

    async object({ nc }) {
        const store = await new Objm(nc).create("js_object");
        const body = new Uint8Array(700000);
        for (let i = 0; i < body.length; i++) body[i] = (i * 7919) >> 5;
        const info = await store.putBlob({ name: "dir/a file.bin" }, body);
        equal([info.size, info.chunks], [body.length, 6]);
        equal(Buffer.compare(Buffer.from(await store.getBlob("dir/a file.bin")), Buffer.from(body)), 0);
        await store.putBlob({ name: "small" }, new TextEncoder().encode("tiny"));
        equal((await store.list()).map((i) => i.name).sort(), ["dir/a file.bin", "small"]);
        equal((await store.delete("small")).success, true);
        equal((await store.get("small")), null);
        equal((await store.status()).size > body.length, true);
        equal(await store.destroy(), true);
    },

    async limits({ jsm, js }) {
        await jsm.streams.add({ name: "js_full", subjects: ["js.full"], max_msgs: 2, discard: DiscardPolicy.New });
        for (let i = 0; i < 2; i++) await js.publish("js.full");
        await fails(js.publish("js.full"), /maximum messages exceeded/);
        await jsm.streams.add({ name: "js_work", subjects: ["js.work"], retention: RetentionPolicy.Workqueue });
        await js.publish("js.work");
        await fails(jsm.consumers.add("js_work", { durable_name: "n", ack_policy: AckPolicy.None }), /explicit ack/);
        await jsm.consumers.add("js_work", { durable_name: "w", ack_policy: AckPolicy.Explicit });
        await (await (await js.consumers.get("js_work", "w")).next()).ackAck();
        equal((await jsm.streams.info("js_work")).state.messages, 0);
        await jsm.streams.add({ name: "js_last", subjects: ["js.last.*"] });
        for (let i = 0; i < 6; i++) await js.publish(`js.last.${i % 3}`, String(i));
        await jsm.consumers.add("js_last", {
            durable_name: "l", deliver_policy: DeliverPolicy.LastPerSubject, filter_subject: "js.last.>",
        });
        const last = [];
        for await (const msg of await (await js.consumers.get("js_last", "l")).fetch({ max_messages: 3 })) {
            last.push(msg.string());
        }
        equal(last, ["3", "4", "5"]);
    },
};

run(cases, async (test) => {
    const nc = await nats.connect({ servers: process.env.URL_JS, reconnect: false, timeout: PATIENCE_MS });
    const jsm = await jetstreamManager(nc, { timeout: PATIENCE_MS });
    await test({ nc, jsm, js: jetstream(nc, { timeout: PATIENCE_MS }) });
    await nc.close();
});
