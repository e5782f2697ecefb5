# SPDX-License-Identifier: Apache-2.0
"""The parts that play a dialog file against a running server."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "schemas"))    # tests/schemas, which other tests use too
