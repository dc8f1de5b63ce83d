"""The Python side of bootstrap.bench.ts: all metrics of two models in redraws of the test set, by scikit-learn and by NumPy.

Arguments: a JSON object {folder, redraws: {sklearn, numpy}, all}. `folder` has labels.npy, first.npy, second.npy `[N, F]` and
thresholds.npy `[F]`. A round measures that many redraws and prints the seconds that `all` would take at that pace, or, as `memory`, the
peak of this process so far in MiB.
"""

import json
import resource
import sys
import time

import numpy as np
import sklearn
from sklearn import metrics

from peer import serve

settings = json.loads(sys.argv[1])
load = lambda name: np.load(f"{settings['folder']}/{name}.npy")
labels, thresholds = load("labels").astype(int), load("thresholds")
models = [load("first"), load("second")]
N, F = labels.shape
rng = np.random.default_rng(1)


def by_sklearn():
    """As the study's reference does it: copies the rows drawn and calls a function for each metric."""
    rows = rng.integers(0, N, N)
    out = np.empty((len(models), F, 9))
    for m, scores in enumerate(models):
        for f in range(F):
            y, s = labels[rows, f], scores[rows, f]
            called = (s >= thresholds[f]).astype(int)
            tn, fp, fn, tp = metrics.confusion_matrix(y, called, labels=[0, 1]).ravel()
            out[m, f] = (
                metrics.roc_auc_score(y, s),
                metrics.average_precision_score(y, s),
                tp / (tp + fn),
                tn / (tn + fp),
                metrics.precision_score(y, called, zero_division=0),
                metrics.f1_score(y, called, zero_division=0),
                metrics.accuracy_score(y, called),
                metrics.balanced_accuracy_score(y, called),
                metrics.matthews_corrcoef(y, called),
            )
    return out


orders = [np.argsort(-scores, axis=0, kind="stable") for scores in models]
sorted_labels = [np.take_along_axis(labels, order, 0) for order in orders]
# The last row of each score, for ties.
ends = [
    [np.append(np.flatnonzero(np.diff(np.take_along_axis(s, o, 0)[:, f])), N - 1) for f in range(F)]
    for s, o in zip(models, orders)
]
called_rows = [(scores >= thresholds).sum(axis=0) for scores in models]


def by_numpy():
    """Sorted once; a redraw is how often each row occurs, and cumulative sums along the order."""
    times = np.bincount(rng.integers(0, N, N), minlength=N)
    out = np.empty((len(models), F, 9))
    for m in range(len(models)):
        for f in range(F):
            weights = times[orders[m][:, f]]
            tps = np.cumsum(weights * sorted_labels[m][:, f])
            fps = np.cumsum(weights) - tps
            k = called_rows[m][f]
            tp, fp = (tps[k - 1], fps[k - 1]) if k else (0, 0)
            P, Q = tps[-1], fps[-1]
            at = ends[m][f]
            t, q = tps[at], fps[at]
            auroc = np.sum(np.diff(q, prepend=0) * (t + np.append(0, t[:-1]))) / (2 * P * Q)
            gained = np.diff(t, prepend=0)
            ap = np.sum(gained * t / np.maximum(t + q, 1)) / P
            fn, tn = P - tp, Q - fp
            sensitivity, specificity = tp / P, tn / Q
            product = float(P) * Q * max(tp + fp, 1) * max(tn + fn, 1)
            out[m, f] = (
                auroc, ap, sensitivity, specificity, tp / max(tp + fp, 1), 2 * tp / (2 * tp + fp + fn), (tp + tn) / N,
                (sensitivity + specificity) / 2, (float(tp) * tn - float(fp) * fn) / np.sqrt(product),
            )
    return out


def check():
    """Both ways say the same of the same redraw."""
    global rng
    results = []
    for way in (by_sklearn, by_numpy):
        rng = np.random.default_rng(2)
        results.append(way())
    worst = np.abs(results[0] - results[1]).max()
    assert worst < 1e-9, worst


def run(name):
    if name == "memory":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    redraws = settings["redraws"][name]
    way = {"sklearn": by_sklearn, "numpy": by_numpy}[name]
    start = time.perf_counter()
    for _ in range(redraws):
        way()
    return (time.perf_counter() - start) * settings["all"] / redraws


check()
serve(run, {"peerSklearn": sklearn.__version__, "peerNumpy": np.__version__})
