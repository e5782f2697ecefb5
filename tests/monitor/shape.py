# SPDX-License-Identifier: Apache-2.0
"""The shape of a JSON document: its fields in their order, with their types, and a few values.

An object is a list of [key, shape]; a list is the list of the different shapes in it. What must be the same on every
server (VALUES) is kept as it is; maps with free keys (MAPS) are one type."""

import json
import re

# Fields whose values do not depend on the server.
VALUES = {
    "num_connections", "total", "offset", "limit", "kind", "type", "ip", "in_msgs", "out_msgs", "in_bytes", "out_bytes",
    "name", "lang", "authorized_user", "account", "account_tag", "name_tag", "subject", "qgroup", "sid", "msgs", "bytes",
    "max", "acc", "conns", "total_conns", "status", "error", "account_name", "is_system", "client_connections", "disabled",
    "max_connections", "ping_max", "max_payload", "tls_version", "tls_first", "server_name", "proto", "auth_timeout",
    "tls_timeout", "pool_size", "urls", "exports", "imports", "auth_required", "tls_required", "tls_verify", "tags",
    "metadata", "feature_flags", "handshake_timeout", "allowed_origins", "same_origin", "no_tls",
    "compression", "local_account", "write_deadline", "write_timeout", "http_base_path", "connections",
    "total_connections", "in_client_msgs", "out_client_bytes",
}
MAPS = {"http_req_stats"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def is_plain(value):
    return not isinstance(value, dict) and not (isinstance(value, list) and any(isinstance(x, dict) for x in value))


def shape(value, key=""):
    if key in MAPS:
        return "map"
    if key in VALUES and (is_plain(value) or key in ("metadata", "feature_flags")):
        return {"=": value}
    if isinstance(value, dict):
        return [[k, shape(v, k)] for k, v in value.items()]
    if isinstance(value, list):
        different = []
        for item in value:
            item = shape(item)
            if item not in different:
                different.append(item)
        return {"list": sorted(different, key=json.dumps)}
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if value is None:
        return "null"
    return "time" if TIME.match(value) else "text"


def is_object(found):
    return isinstance(found, list) and all(isinstance(pair, list) for pair in found)


def difference(want, have, path=""):
    """The first place where two shapes differ, or None."""
    if want == have:
        return None
    if is_object(want) and is_object(have):
        keys, others = [k for k, _ in want], [k for k, _ in have]
        if keys != others:
            return f"{path or 'top'}: fields {others}, wanted {keys}"
        for (k, a), (_, b) in zip(want, have):
            found = difference(a, b, f"{path}.{k}")
            if found:
                return found
    if isinstance(want, dict) and isinstance(have, dict) and "list" in want and "list" in have:
        for a, b in zip(want["list"], have["list"]):
            found = difference(a, b, path + "[]")
            if found:
                return found
    return f"{path or 'top'}: {json.dumps(have)}, wanted {json.dumps(want)}"
