# SPDX-License-Identifier: Apache-2.0
"""Runs the scenarios of a module, and prints what became of each."""
import asyncio
import traceback

PATIENCE_S = 20


async def run(module):
    """Every `case_*` of these globals, in their order."""
    for name, function in list(module.items()):
        if not name.startswith("case_"):
            continue
        try:
            await asyncio.wait_for(function(), 3 * PATIENCE_S)
            print(f"ok {name[5:]}", flush=True)
        except Exception:               # any failure is the case's
            traceback.print_exc()
            print(f"not ok {name[5:]}", flush=True)
