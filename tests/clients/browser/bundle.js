// SPDX-License-Identifier: Apache-2.0
// Makes one script of a CommonJS package for a browser: each file becomes a function, `require` a look-up.
"use strict";
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

function collect(file, files) {
    if (files.has(file)) return;
    const source = fs.readFileSync(file, "utf8");
    const needs = {};
    files.set(file, { source, needs });
    for (const [, name] of source.matchAll(/\brequire\(["']([^"']+)["']\)/g)) {
        if (name === "crypto") continue;        // asked for only where there is no window.crypto
        needs[name] = createRequire(file).resolve(name);
        collect(needs[name], files);
    }
}

// A script that sets window.packages[name] for each package.
function bundle(folder, names) {
    const files = new Map();
    const root = createRequire(path.join(folder, "package.json"));
    const entries = names.map((name) => [name, root.resolve(name)]);
    for (const [, file] of entries) collect(file, files);

    const ids = new Map([...files.keys()].map((file, i) => [file, i]));
    const bodies = [...files.values()].map(({ source, needs }) => {
        const table = Object.fromEntries(Object.entries(needs).map(([name, file]) => [name, ids.get(file)]));
        return `[${JSON.stringify(table)}, function (module, exports, require) {\n${source}\n}]`;
    });
    return `(() => {
        const files = [${bodies.join(",\n")}];
        const loaded = [];
        const load = (id) => {
            if (loaded[id]) return loaded[id].exports;
            const module = loaded[id] = { exports: {} };
            files[id][1](module, module.exports, (name) => load(files[id][0][name]));
            return module.exports;
        };
        window.packages = {};
        ${entries.map(([name, file]) => `window.packages["${name}"] = load(${ids.get(file)});`).join("\n")}
    })();`;
}

module.exports = { bundle };
