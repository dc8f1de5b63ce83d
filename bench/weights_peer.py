"""The Python side of weights.bench.ts: a state dict of DINOv2's names from a file to a ready network: build, torch.load,
load_state_dict(strict=True).

Argument: a JSON object {dim, depth, heads}. A round is `time plain|bare FILE` (seconds; bare: the layers' own initialization
skipped, as careful loaders do), then `peak` and `own`: bytes of the load before it, as weights.bench.ts defines them.
"""

import contextlib
import json
import os
import re
import sys
import time

import torch
from torch import nn

from peer import serve
from step_peer import VisionTransformer


def memory(file, line):
    return 1024 * int(re.search(rf"^{line}:\s+(\d+) kB$", open(f"/proc/self/{file}").read(), re.M)[1])


@contextlib.contextmanager
def without_initialization():
    names = ["kaiming_uniform_", "uniform_", "trunc_normal_", "zeros_", "ones_"]
    before = {name: getattr(nn.init, name) for name in names}
    for name in names:
        setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor)
    yield
    for name in names:
        setattr(nn.init, name, before[name])


def load(size, build, path):
    with without_initialization() if build == "bare" else contextlib.nullcontext():
        model = VisionTransformer(518, 14, size["dim"], size["depth"], size["heads"])
    model.load_state_dict(torch.load(path, map_location="cpu"), strict=True)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sum()
    return model


def measured(size, build, path):
    """Seconds, and bytes of `peak` and `own`, of one load."""
    own, resident = memory("smaps_rollup", "Private_Dirty"), memory("status", "VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    start = time.perf_counter()
    model = load(size, build, path)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "peak": memory("status", "VmHWM") - resident,
        "own": memory("smaps_rollup", "Private_Dirty") - own,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


def in_child(work):
    """Runs work in a fork, which holds no memory that an earlier load freed and kept."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w") as file:
            json.dump(work(), file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        result = json.load(file)
    os.waitpid(child, 0)
    return result


def main():
    size = json.loads(sys.argv[1])
    last = {}

    def run(what, build=None, path=None):
        if build is None:
            return last[what]
        last.update(in_child(lambda: measured(size, build, path)))
        return last["seconds"]

    serve(run, {"peerTorch": torch.__version__, "peerThreads": torch.get_num_threads()})


if __name__ == "__main__":
    main()
