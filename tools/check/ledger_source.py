# SPDX-License-Identifier: Apache-2.0
"""What midge's own tables and the schemas of jsm.go say must stand in docs/ledger: every field, code, subject, header, advisory."""
import json
import re

from tree import ROOT, read

SCHEMAS = ROOT / "build/peer/schemas"
STREAM, CONSUMER = "src/stream/stream_config.c", "src/stream/consumer_config.c"
# Field of the ledger that stands before a nested one: the C array that has it.
NESTED = {
    "": "config_fields", "source.": "source_fields", "source.external.": "external_fields",
    "source.consumer.": "source_consumer_fields", "subject_transform.": "transform_fields",
    "republish.": "republish_fields", "consumer_limits.": "consumer_limits_fields", "placement.": "placement_fields",
}
STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')


def unwrapped(path):
    return read(path).replace("\\\n", "")


def list_rows(path, name):
    """[[words and numbers]] of the X rows of a list macro."""
    body = re.search(rf"#define {name}\(X\)((?:.*\\\n)*.*)", read(path))[1].replace("\\\n", "")
    rows = []
    for row in re.findall(r'X\(((?:[^()"]|"(?:[^"\\]|\\.)*")*)\)', body):
        rows.append([STRINGS.findall(cell) and "".join(STRINGS.findall(cell)) or cell.strip()
                     for cell in re.findall(r'(?:"(?:[^"\\]|\\.)*"\s*)+|[^,"]+', row) if cell.strip()])
    return rows


def array_fields(path, array):
    body = re.search(rf"{array}\[\] = {{(.*?)\n}};", read(path), re.S)[1]
    return re.findall(r'^    { "(\w+)",', body, re.M)


def stream_fields():
    return [prefix + field for prefix, array in NESTED.items() for field in array_fields(STREAM, array)]


def consumer_fields():
    return array_fields(CONSUMER, "config_fields")


def error_rows():
    """{code: (name, HTTP code, text)}"""
    return {code: (name, http, text) for name, code, http, text in list_rows("src/stream/errors.h", "JS_ERROR_LIST")}


def header_names():
    """Every header that the code of src/stream says, without prefixes of names."""
    found = set()
    for path in sorted((ROOT / "src/stream").glob("*.[ch]")):
        if not re.search(r"_(test|fuzz|testing|test_cases)\.[ch]$", path.name):
            for text in STRINGS.findall(path.read_text()):
                found.update(re.findall(r"\b(Nats-[A-Z][A-Za-z-]*[A-Za-z])(?![A-Za-z-])", text))
    return sorted(found)


def expected():
    """{kind: {name, ...}} that the ledger must have."""
    names = {
        "stream field": set(stream_fields()),
        "consumer field": set(consumer_fields()),
        "error": set(error_rows()),
        "header": set(header_names()),
        "subject": {"$JS.API." + row[1] for row in list_rows("src/stream/api_subjects.h", "JS_API_LIST")},
        "status": {row[1].rstrip(" -") for row in list_rows("src/stream/pull_answer.h", "PULL_STATUS_LIST")},
        "advisory": {row[1] for row in list_rows("src/stream/advisory.h", "ADVISORY_LIST")},
    }
    if (SCHEMAS / "jetstream").is_dir():
        add_schemas(names)
    return names


def add_schemas(names):
    api = SCHEMAS / "jetstream/api/v1"
    names["stream field"] |= {plain(path) for path in paths(json.loads((api / "stream_configuration.json").read_text()))}
    names["consumer field"] |= set(paths(json.loads((api / "consumer_configuration.json").read_text())))
    names["error"] |= {str(row["error_code"]) for row in json.loads((SCHEMAS / "server/errors.json").read_text())}


def paths(schema, before=""):
    """a.b of every property, those of list items too."""
    for name, inner in schema.get("properties", {}).items():
        yield before + name
        yield from paths(inner, before + name + ".")
        yield from paths(inner.get("items", {}), before + name + ".")
    for word in ("oneOf", "allOf", "anyOf"):
        for branch in schema.get(word, []):
            yield from paths(branch, before)


def plain(path):
    """As the ledger has it: mirrors and sources are alike, and so are their transforms and that of a stream."""
    path = re.sub(r"^(mirror|sources)\.", "source.", path)
    return re.sub(r"^source\.subject_transforms\.", "subject_transform.", path)
