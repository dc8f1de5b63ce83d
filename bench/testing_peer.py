"""The Python side of testing.bench.ts: AUROC of every finding in every group, in redraws of the test images, by scikit-learn.

Arguments: a JSON object {folder, redraws, all}. `folder` has labels.npy and scores.npy `[N, F]` and groups.npy `[N]`. A round measures so
many redraws and prints the seconds that `all` would take at that pace.
"""

import json
import sys
import time

import numpy as np
import sklearn
from sklearn.metrics import roc_auc_score

from peer import serve

settings = json.loads(sys.argv[1])
load = lambda name: np.load(f"{settings['folder']}/{name}.npy")
labels, scores, groups = load("labels").astype(int), load("scores"), load("groups").astype(int)
N, F = labels.shape
rng = np.random.default_rng(1)


def redraw():
    rows = rng.integers(0, N, N)
    for group in range(groups.max() + 1):
        own = rows[groups[rows] == group]
        for f in range(F):
            if 0 < labels[own, f].sum() < len(own):
                roc_auc_score(labels[own, f], scores[own, f])


def run():
    start = time.perf_counter()
    for _ in range(settings["redraws"]):
        redraw()
    return (time.perf_counter() - start) * settings["all"] / settings["redraws"]


serve(run, {"peerSklearn": sklearn.__version__, "peerNumpy": np.__version__})
