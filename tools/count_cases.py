#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints `N passed, N failed` for the cmocka cases in a JUnit file that CTest wrote; fails when one did."""
import re
import sys
import xml.etree.ElementTree as ElementTree


def count(test):
    text = "".join(test.itertext())
    passed = len(re.findall(r"^\[ +OK +\]", text, re.M))
    failed = len(set(re.findall(r"^\[ +FAILED +\] (\w+)$", text, re.M)))
    if test.get("status") == "fail":
        return passed, max(failed, 1)       # also a test that crashed, or leaked after its last case
    return max(passed, 1), 0


def main():
    tests = [count(test) for test in ElementTree.parse(sys.argv[1]).getroot().iter("testcase")]
    failed = sum(f for _, f in tests)
    print(f"{sum(p for p, _ in tests)} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
