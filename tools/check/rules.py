# SPDX-License-Identifier: Apache-2.0
"""The house rules (STYLE.md) that can be said in numbers or names. Each function yields complaints for one file;
tools/check/exceptions lists what is excused, and why."""
import re
from typing import NamedTuple


class Complaint(NamedTuple):
    rule: str
    path: str
    line: int
    message: str
    value: float = 1        # for a limit: what was measured
    name: str = ""          # for a function: its name


LIMITS = {"file-length": 800, "function-length": 70, "parameters": 5, "nesting": 3}

# Folders that drive the real machine, so that the outside world is open to them. Tests, too.
MACHINE = {"os", "embed", "main", "bench", "tests"}

# Calls that nobody makes, and what to use instead.
NEVER = {
    "gets": "a parser on struct slice",
    "strtok strtok_r strsep": "slice_cut",
    "alloca setjmp longjmp system popen": "nothing: it has no place here",
    "rand srand random srandom drand48 rand_r": "struct rng",
}
# Calls that the product does not make.
NEVER_IN_PRODUCT = {
    "strcpy strncpy strcat strncat stpcpy": "struct slice or struct buf",
    "sprintf vsprintf": "snprintf, or buf_printf",
    "scanf fscanf sscanf": "a parser on struct slice",
    "atoi atol atoll atof strtol strtoul strtoull strtoll": "slice_to_u64",
    "gmtime localtime asctime ctime mktime": "an own computation, or env",
    "setlocale strcoll": "bytes",
}
# Calls for the outside world: only through struct env.
OUTSIDE = """
time clock clock_gettime gettimeofday timespec_get sleep usleep nanosleep
getrandom getentropy
open openat creat read pread readv write pwrite writev close fsync fdatasync ftruncate rename unlink mkdir opendir
fopen fclose fread fwrite fgets fputs puts putchar printf fprintf vprintf vfprintf perror
socket bind listen accept accept4 connect send sendto sendmsg recv recvfrom recvmsg shutdown setsockopt getsockopt
epoll_create1 epoll_ctl epoll_wait poll select eventfd pipe pipe2 getaddrinfo getnameinfo
getenv setenv getpid kill fork execve signal sigaction raise exit _exit
localtime_r gmtime_r syslog openlog mmap munmap
"""
OUTSIDE_PREFIXES = r"pthread_\w+|thrd_\w+|mtx_\w+|cnd_\w+|sem_\w+"
HEAP = "malloc calloc realloc strdup strndup asprintf vasprintf"
SLEEPS = "sleep usleep nanosleep"


def call(names):
    """Matches a call of one of these, but no member and no declaration of a pointer."""
    return r"(?<![\w.>])(?:" + "|".join(names.split()) + r")\("


def over(rule, path, line, value, what, name=""):
    if value > LIMITS[rule]:
        yield Complaint(rule, str(path), line, f"{what} {value}, allowed are {LIMITS[rule]}", value, name)


def lengths(src):
    yield from over("file-length", src.path, 1, len(src.lines), "lines:")
    for f in src.functions():
        yield from over("function-length", src.path, f.first, f.length, f"lines of {f.name}:", f.name)
        yield from over("parameters", src.path, f.first, f.parameters, f"parameters of {f.name}:", f.name)
        yield from over("nesting", src.path, f.first, f.nesting, f"nesting of {f.name}:", f.name)


def never_called(src):
    product = not src.is_test and src.folder not in ("bench", "tests")
    for names, instead in (NEVER | (NEVER_IN_PRODUCT if product else {})).items():
        for line, found in src.matches(call(names)):
            yield Complaint("banned-call", str(src.path), line, f"{found[0]}) is banned; use {instead}")


def outside_world(src):
    if src.is_test or src.folder in MACHINE:
        return
    for line, found in src.matches(call(OUTSIDE) + "|" + call(OUTSIDE_PREFIXES)):
        yield Complaint("outside-world", str(src.path), line, f"{found[0]}) reaches past struct env")
    if src.folder != "base":
        for line, found in src.matches(call(HEAP)):
            yield Complaint("heap", str(src.path), line, f"{found[0]}) bypasses base/alloc.h")


def sleeping_tests(src):
    if src.path.name.endswith("_test.c"):
        for line, found in src.matches(call(SLEEPS)):
            yield Complaint("sleep", str(src.path), line, f"{found[0]}) in a test: wait for a condition instead")


def words(src):
    for line, _ in src.matches(r"\bgoto\b"):
        yield Complaint("goto", str(src.path), line, "goto is not used")
    for line, _ in src.matches(r"\b__(DATE|TIME|TIMESTAMP)__\b"):
        yield Complaint("build-time", str(src.path), line, "the build must not depend on when it runs")
    for line, _ in src.matches(r"^typedef (struct|union|enum)\b(?![^;]*\(\*)"):
        yield Complaint("typedef", str(src.path), line, "no typedef for a struct, union or enum")


def conditional_code(src):
    if src.folder in ("os", "tls") or str(src.path) == "src/base/compiler.h":
        return
    for line, found in src.matches(r"^\s*#\s*(if|ifdef|ifndef|elif)\b(.*)"):
        guard = found[1] == "ifndef" and src.lines[line].strip() == "#define" + found[2]
        if not guard and "__cplusplus" not in found[2]:
            yield Complaint("conditional", str(src.path), line, "a platform is a file, not an #if")


def guard_of(path):
    parts = path.with_suffix("").parts
    return "MIDGE_" + "_".join(parts[1:]).upper().replace("-", "_") + "_H"


def head(src):
    if src.lines[:1] != ["/* SPDX-License-Identifier: Apache-2.0 */"]:
        yield Complaint("licence", str(src.path), 1, "the first line is the SPDX licence comment")
    if src.path.suffix == ".h":
        if not src.lines[1:2] or not src.lines[1].startswith("/* "):
            yield Complaint("header-comment", str(src.path), 2, "what, thread, memory, invariants: says the header")
        guard = guard_of(src.path)
        if src.path.parts[0] == "src" and f"#ifndef {guard}" not in src.lines:
            yield Complaint("guard", str(src.path), 1, f"the include guard is {guard}")


def own_header_first(src):
    own = "/".join(src.path.with_suffix(".h").parts[1:])
    found = [line.split('"')[1] for line in src.lines if line.startswith('#include "')]
    for name in found:
        if src.path.parts[0] == "src" and "/" not in name and name != "midge.h":
            yield Complaint("include", str(src.path), 1, f'"{name}" is included without its folder')
        if name.endswith(".c"):
            yield Complaint("include", str(src.path), 1, f'"{name}" is no header')
    includes = [line for line in src.lines if line.startswith("#include")]
    if any(name == own for name in found) and includes[0] != f'#include "{own}"':
        yield Complaint("include", str(src.path), 1, f'"{own}" is not included first')


def mutable_statics(src):
    if src.is_test or src.folder in ("bench", "tests"):
        return
    for line, found in src.matches(r"^( *)(static )?(?!static|typedef|extern|return|else|goto)([^=;{}()]*)"
                                   r"(\([^=;{}]*)?(=|;|$)"):
        indent, static, plain, after, end = found.groups()
        if static is None and (indent or after or not is_variable(plain)):
            continue
        if end == "$" or (not end and not static):
            continue
        declaration = plain + (after or "")
        if after and not after.startswith("(*"):
            continue                        # a function
        if not is_constant(declaration):
            yield Complaint("mutable", str(src.path), line, "a variable that outlives calls must be const: "
                            + declaration.strip())


def is_variable(text):
    """`int x[3] ` at the start of a line, but not `struct x` and not a label or a macro."""
    return re.match(r"^(?!#|struct \w+\s*$|union \w+\s*$|enum \w+\s*$)[a-z_]\w*[ *]+[\w *\[\]]*\w[\w\[\] ]*$", text)


def is_constant(declaration):
    hook = re.search(r"\(\*(const\b)?", declaration)
    if hook:
        return bool(hook[1])                # a pointer to a function, whose parameters do not matter
    last_star = declaration.rfind("*")
    return "const" in (declaration[last_star:] if last_star >= 0 else declaration) or "inline" in declaration \
        or "_Static_assert" in declaration


PER_FILE = [lengths, never_called, outside_world, sleeping_tests, words, conditional_code, head, own_header_first,
            mutable_statics]
