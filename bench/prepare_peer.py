"""The Python side of prepare.bench.ts: the same files to preprocessed squares in one .npy memory map, by processes.

Arguments: a JSON object {processes, size, png: [paths], dicom: [paths], out: folder, cached: npy path, batch}.
A round is `opencv`, `pillow`, `pydicom` (files to memory map) or `read` (random batches of a memory map).
"""

import json
import multiprocessing
import os
import sys
import time

import cv2
import numpy as np
import PIL
import pydicom
from PIL import Image
from pydicom.pixel_data_handlers.util import apply_modality_lut, apply_voi_lut

from peer import serve

settings = json.loads(sys.argv[1])
SIZE = settings["size"]


def finish(resized):
    """Min-max to 8 bits, then histogram equalization."""
    x = resized.astype(np.float32)
    low, high = x.min(), x.max()
    x = (255 * (x - low) / (high - low)).astype(np.uint8) if high > low else np.zeros_like(x, dtype=np.uint8)
    return cv2.equalizeHist(x)


def opencv(path):
    image = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    return finish(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA))


def pillow(path):
    image = Image.open(path).convert("L").resize((SIZE, SIZE), Image.LANCZOS)
    return finish(np.asarray(image))


def dicom(path):
    dataset = pydicom.dcmread(path)
    image = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        image = image.max() - image
    return finish(cv2.resize(image.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_AREA))


READERS = {"opencv": (opencv, "png"), "pillow": (pillow, "png"), "pydicom": (dicom, "dicom")}
maps = {}


def work(job):
    name, row, path, out, rows = job
    if out not in maps:
        maps.clear()
        maps[out] = np.lib.format.open_memmap(out, mode="r+")
    maps[out][row] = READERS[name][0](path)


def begin():
    cv2.setNumThreads(1)


def main():
    pool = multiprocessing.Pool(settings["processes"], initializer=begin)
    rng = np.random.default_rng(1)
    rounds = 0

    def prepare(name):
        nonlocal rounds
        rounds += 1
        paths = settings[READERS[name][1]]
        out = os.path.join(settings["out"], f"{name}-{rounds}.npy")
        start = time.perf_counter()
        np.lib.format.open_memmap(out, mode="w+", dtype=np.uint8, shape=(len(paths), 1, SIZE, SIZE)).flush()
        jobs = [(name, row, path, out, len(paths)) for row, path in enumerate(paths)]
        for _ in pool.imap_unordered(work, jobs, chunksize=4):
            pass
        taken = time.perf_counter() - start
        assert np.lib.format.open_memmap(out, mode="r").any(axis=(1, 2, 3)).all()
        os.remove(out)
        return taken

    def read():
        images = np.load(settings["cached"], mmap_mode="r")
        order = rng.permutation(len(images))
        start = time.perf_counter()
        for at in range(0, len(order), settings["batch"]):
            batch = images[order[at : at + settings["batch"]]]
            assert batch.flags.owndata or batch.base is not images
        return time.perf_counter() - start

    versions = {
        "peerNumpy": np.__version__,
        "peerOpenCV": cv2.__version__,
        "peerPillow": PIL.__version__,
        "peerPydicom": pydicom.__version__,
        "peerProcesses": settings["processes"],
    }
    serve(lambda name: read() if name == "read" else prepare(name), versions)
    pool.terminate()


if __name__ == "__main__":
    main()
