# SPDX-License-Identifier: Apache-2.0
"""The real servers beside which cases look at midge."""
import functools
import pathlib
import subprocess

from harness import LeftOut

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@functools.cache
def peer(name):
    """The path of a program of tools/peer. nats-server may be built for it; an older one must be there, or the case is left out."""
    if name == "nats-server":
        done = subprocess.run([ROOT / "tools/peer", name], capture_output=True, text=True, check=False)
        path = pathlib.Path(done.stdout.strip() or ROOT / "build/peer" / name)
    else:
        path = ROOT / "build/peer" / name
    if not path.is_file():
        raise LeftOut(f"tools/peer {name} was not asked for")
    return str(path)
