"""The Python side of a benchmark: says that it is ready, then measures a round for each line on standard input."""

import json
import sys


def serve(run, versions):
    """run() or run(name) -> seconds; versions: names and versions of what is compared."""
    print(json.dumps({name: str(version) for name, version in versions.items()}), flush=True)
    for line in sys.stdin:
        _, *name = line.split()
        print(repr(float(run(*name))), flush=True)
