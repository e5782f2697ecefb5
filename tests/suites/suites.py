# SPDX-License-Identifier: Apache-2.0
"""The official suites: how each is prepared, called for some of its tests, and understood. What they need and what is
built of them lives under build/suites/; the checkouts are only read (uv may leave caches in them)."""
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "build" / "suites"
VERSION = "v2.15.2"
CHUNK = 30                      # tests in one call of a runner that takes many


class Unavailable(Exception):
    """Something that the suite needs cannot be had; the text says what."""


def run(*words, cwd=None, **env):
    """Runs a step of the preparation; its output is shown only when it fails."""
    done = subprocess.run([str(w) for w in words], cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(str(w) for w in words)} failed:\n{done.stdout[-3000:]}")
    return done.stdout


def tool(name, hint):
    path = shutil.which(name)
    if path is None:
        raise Unavailable(f"{name} is not on PATH: {hint}")
    return path


class Suite:
    """One suite. `tests` are names as in lists/; `source` is its folder in the checkouts."""
    public_hosts = False        # whether its tests dial hosts that must be stood in for
    chunk = CHUNK

    def __init__(self, name, sources):
        self.name, self.sources = name, sources

    def prepare(self):
        """Makes ready to run; nothing that is already there is made again."""

    def chunks(self, tests):
        """Splits tests into calls: one file at a time, not too many together."""
        files = {}
        for test in tests:
            files.setdefault(self.file_of(test), []).append(test)
        for found in files.values():
            for start in range(0, len(found), self.chunk):
                yield found[start:start + self.chunk]

    def file_of(self, test):
        return re.split(r"::| :: ", test)[0].strip()

    def call(self, tests):
        """(argv, working folder, environment) that runs these tests."""
        raise NotImplementedError

    def verdicts(self, tests, output):
        """{test: passed?} for those that the output tells of."""
        raise NotImplementedError


class NatsC(Suite):
    """A program that takes one test's name; it judges its own version requirements, and passes what it skips."""
    chunk = 1

    def prepare(self):
        source, build = self.sources / "nats.c", OUT / "nats.c"
        self.folder = source / "test"
        self.program = source / "build" / "bin" / "testsuite"
        if self.program.exists():
            return
        self.program = build / "bin" / "testsuite"
        if not self.program.exists():
            run("cmake", "-G", "Ninja", "-S", source, "-B", build, "-DNATS_BUILD_STREAMING=OFF",
                "-DNATS_BUILD_EXAMPLES=OFF", "-DCMAKE_BUILD_TYPE=Release")
            run("cmake", "--build", build, "--target", "testsuite")

    def call(self, tests):
        return [self.program, tests[0]], self.folder, {"NATS_TEST_SERVER_VERSION": f"nats-server: {VERSION}"}

    def verdicts(self, tests, output):
        return {tests[0]: "ALL PASSED" in output and "Skipping since" not in output}


class NatsPy(Suite):
    """pytest on one package of the workspace, in an environment of its own: the packages shadow each other."""
    folder = {"nats.py": ".", "nats.py-core": "nats-core", "nats.py-server": "nats-server",
              "nats.py-jetstream": "nats-jetstream", "nats.py-key-value": "nats-key-value"}
    package = {"nats.py": ("nats-py", "nkeys", "aiohttp"), "nats.py-core": ("nats-core", "nkeys", "websocket"),
               "nats.py-server": ("nats-core", "nkeys", "websocket"),
               "nats.py-jetstream": ("nats-jetstream",), "nats.py-key-value": ("nats-key-value",)}
    more = {"nats-py": ("aiofiles",), "nats-jetstream": ("pytest>=9.0.3", "pytest-asyncio>=0.21.0", "nkeys"),
            "nats-key-value": ("pytest>=9.0.3", "pytest-asyncio>=0.21.0")}      # what their own lists forget

    def prepare(self):
        package, *extras = self.package[self.name]
        self.environment = OUT / f"python-{package}"
        if (self.environment / "prepared").exists():
            return
        words = [tool("uv", "pip install uv"), "sync", "--frozen", "--package", package, "--group", "dev"]
        words += [word for extra in extras for word in ("--extra", extra)]
        run(*words, cwd=self.sources / "nats.py", UV_PROJECT_ENVIRONMENT=str(self.environment),
            UV_PYTHON=os.environ.get("UV_PYTHON", "3.13"))
        if package in self.more:
            run("uv", "pip", "install", "--python", self.environment / "bin" / "python", *self.more[package])
        (self.environment / "prepared").touch()

    def call(self, tests):
        # unittest.mock: a test uses it without an import of its own
        words = [self.environment / "bin" / "python", "-m", "pytest", "-v", "-p", "no:cacheprovider",
                 "-p", "unittest.mock", *tests]
        return words, self.sources / "nats.py" / self.folder[self.name], {
            "NATS_SERVER_VERSION": VERSION, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}

    def verdicts(self, tests, output):
        return {name: word == "PASSED"
                for name, word in re.findall(r"^(\S+::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL)\b", output, re.M)}


def tap_verdicts(tests, output):
    """Verdicts in Test Anything Protocol output for those of the lists, where steps are `title > step`."""
    told, titles = {}, {}
    for indent, bad, title, name in re.findall(r"^( *)(?:(not )?ok \d+ - |# (Subtest): )(.*)$", output, re.M):
        depth = len(indent) // 4
        titles[depth] = name
        if not title:
            path = [titles.get(d, "").strip() for d in range(depth + 1)]
            for start in range(depth + 1):      # Node's groups are no part of a title, Deno's tests are
                told[" > ".join(path[start:])] = not bad
    return {test: told[title] for test in tests for title in [test.split(" :: ", 1)[1]] if title in told}


def titles_pattern(tests):
    """A regular expression that matches exactly these tests' titles; a slash would end it early for Deno."""
    titles = dict.fromkeys(test.split(" :: ", 1)[1].split(" > ")[0] for test in tests)
    return "^(" + "|".join(re.escape(t).replace("/", r"\/").replace(r"\ ", " ") for t in titles) + ")$"


class NatsJs(Suite):
    """Deno's runner. Where its registry cannot be reached, import_map.json beside the checkouts says where else to look."""
    public_hosts = True

    def prepare(self):
        self.folder, self.deno = self.sources / "nats.js", self.find_deno()
        self.maps = []
        if (self.sources / "import_map.json").exists():
            self.maps = ["--no-config", "--import-map", self.sources / "import_map.json"]
        self.env = {"DENO_DIR": str(OUT / "deno-cache"), "NO_COLOR": "1"}
        files = [file for part in ("core", "services", "jetstream", "kv", "obj") for file in (self.folder / part / "tests").glob("*_test.ts")]
        run(self.deno, "cache", "--no-lock", *self.maps, *files, cwd=self.folder, **self.env)

    @staticmethod
    def find_deno():
        own = OUT / "tools" / "node_modules" / ".bin" / "deno"
        if shutil.which("deno"):
            return shutil.which("deno")
        if not own.exists():
            own.parents[1].mkdir(parents=True, exist_ok=True)
            # npm from 11 on runs the installer of a package only where this file says so.
            (OUT / "tools" / "package.json").write_text('{"private": true, "allowScripts": {"deno": true}}\n')
            run("npm", "install", "--prefix", OUT / "tools", "deno@2")
        return own

    def call(self, tests):
        file = self.file_of(tests[0])
        words = [self.deno, "test", "-A", "--no-lock", "--no-check", "--cached-only", "--reporter=tap", *self.maps]
        if "/unsafe_tests/" in file:
            words.append("--unsafely-ignore-certificate-errors")
        return [*words, "--filter", f"/{titles_pattern(tests)}/", file], self.folder, self.env

    def verdicts(self, tests, output):
        return tap_verdicts(tests, output)


class NatsJsNode(Suite):
    """Node's runner on the transport for Node, built in a copy; the other packages come from npm in the same version."""
    public_hosts = True
    helper_imports = re.compile(r'from\s+"(\S+)\.ts"')

    def prepare(self):
        workspace = OUT / "node"
        self.folder = workspace / "transport-node"
        if (workspace / "prepared").exists():
            return
        shutil.rmtree(workspace, ignore_errors=True)
        shutil.copytree(self.sources / "nats.js" / "transport-node", self.folder)
        helpers = workspace / "nst"
        shutil.copytree(self.sources / "nats.js" / "nst", helpers)
        shutil.copytree(helpers / "src", helpers / "build" / "src")
        for file in (helpers / "build" / "src").glob("*.ts"):
            file.write_text(self.helper_imports.sub(r'from "\1"', file.read_text()))
        (workspace / "package.json").write_text('{"private": true, "workspaces": ["./transport-node", "./nst"]}')
        run("npm", "install", cwd=workspace)
        run("npx", "tsc", cwd=helpers)
        run("npx", "tsc", cwd=self.folder)
        (workspace / "prepared").touch()

    def call(self, tests):
        words = ["node", "--test", "--experimental-websocket", "--test-force-exit", "--test-reporter=tap"]
        if len(tests) == 1:
            words.append("--test-name-pattern=/" + titles_pattern(tests) + "/")
        return [*words, self.file_of(tests[0])], self.folder, {}

    def verdicts(self, tests, output):
        return tap_verdicts(tests, output)


SUITES = {"nats.c": NatsC, "nats.py": NatsPy, "nats.py-core": NatsPy, "nats.py-server": NatsPy,
          "nats.py-jetstream": NatsPy, "nats.py-key-value": NatsPy, "nats.js": NatsJs,
          "nats.js-node": NatsJsNode}
