// SPDX-License-Identifier: Apache-2.0
// Runs scenarios by their names, and prints what became of each.
"use strict";

const PATIENCE_MS = 20000;

function equal(got, wanted) {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
        throw new Error(`got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
    }
}

function late() {
    return new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), 3 * PATIENCE_MS).unref());
}

async function run(cases, within = (test) => test()) {
    for (const [name, test] of Object.entries(cases)) {
        try {
            await within((...args) => Promise.race([test(...args), late()]));
            console.log(`ok ${name}`);
        } catch (e) {
            console.log(e.stack);
            console.log(`not ok ${name}`);
        }
    }
    process.exit(0);
}

module.exports = { PATIENCE_MS, equal, run };
