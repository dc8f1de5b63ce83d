"""The safetensors format, written from its published description with nothing but the standard library and NumPy: an
author independent of src/torch/checkpoint/safetensors.ts, so that each can be held to the other."""
import json
import struct

import numpy as np

CODES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int16": "I16", "uint8": "U8",
         "bool": "BOOL"}


def entry(value):
    """(type code, shape, bytes) of a NumPy array or a tensor of torch."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().contiguous()
        if str(value.dtype) == "torch.bfloat16":
            import torch
            return "BF16", list(value.shape), value.view(torch.int16).numpy().tobytes()
        value = value.numpy()
    value = np.asarray(value)
    return CODES[value.dtype.name], list(value.shape), value.astype(value.dtype.newbyteorder("<")).tobytes()


def write(path, tensors, metadata=None, pad=True):
    header, parts, offset = {}, [], 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, value in tensors.items():
        code, shape, data = entry(value)
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
