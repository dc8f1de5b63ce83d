"""The Python side of weights.bench.ts: a state dict of DINOv2's names from a file to a ready network: build, torch.load,
load_state_dict(strict=True).

Argument: a JSON object {dim, depth, heads}. A round is `time plain|bare FILE` (seconds; bare: the layers' own initialization
skipped, as careful loaders do), then `peak` and `own`: bytes of the load before it, as weights.bench.ts defines them.
"""

import contextlib
import gc
import json
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


def main():
    size = json.loads(sys.argv[1])
    added = {}

    def run(what, build=None, path=None):
        if what in added:
            return added[what]
        gc.collect()
        own, resident = memory("smaps_rollup", "Private_Dirty"), memory("status", "VmRSS")
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        start = time.perf_counter()
        model = load(size, build, path)
        seconds = time.perf_counter() - start
        added["peak"] = memory("status", "VmHWM") - resident
        added["own"] = memory("smaps_rollup", "Private_Dirty") - own
        del model
        return seconds

    serve(run, {"peerTorch": torch.__version__, "peerThreads": torch.get_num_threads()})


if __name__ == "__main__":
    main()
