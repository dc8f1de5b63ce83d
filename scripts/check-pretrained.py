"""Loads the checkpoints of a finished `hilum pretrain dinov2` with DINOv2's own code, and compares what it computes with hilum.

Usage: check-pretrained.py CHECKOUT RUN INPUT.npy OUTPUT.npy

CHECKOUT: of facebookresearch/dinov2. RUN: the folder of the run. INPUT: what the network's first layer sees [B, 3, H, W], as
`hilum features --weights RUN --input-out INPUT.npy` stores it; OUTPUT: hilum's class tokens for it. The teacher is loaded by the
original's dinov2.utils.utils.load_pretrained_weights(model, path, 'teacher') as its evaluations do, and, since that passes over
what does not fit, strictly too; so are the heads, and the student. Prints the largest difference over the largest value; ends with 1
where it is over 1e-4."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "src", "models", "weights", "namings", "fixtures"))
import numpy as np
import vit_original as original
import torch

sys.meta_path.append(original.StandIn("fvcore", "omegaconf", "xformers"))
sys.path.insert(0, sys.argv[1])
from dinov2.layers import DINOHead
from dinov2.models.vision_transformer import DinoVisionTransformer
from dinov2.utils.utils import load_pretrained_weights

SIZES = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16), "giant": (1536, 40, 24)}


def backbone(network):
    """The vision transformer that config.json of the run describes, which holds what is not as usual."""
    known = {"architecture", "size", "imageSize", "patchSize", "dim", "depth", "heads", "feedForward", "registers", "layerScale",
             "interpolation", "input", "dropPath", "normEpsilon", "qkvBias", "hidden", "channels"}
    assert set(network) <= known, f"unknown keys: {sorted(set(network) - known)}"
    usual = dict(zip(("dim", "depth", "heads"), SIZES.get(network.get("size"), ())))
    registers = network.get("registers", 0)
    published = {"offset": 0.0, "antialias": True} if registers else {"offset": 0.1, "antialias": False}
    interpolation = network.get("interpolation", published)
    gated = network.get("feedForward", "swiglu" if network.get("size") == "giant" else "mlp") == "swiglu"
    shape = {**usual, **{key: network[key] for key in ("dim", "depth", "heads") if key in network}}
    return DinoVisionTransformer(
        img_size=network["imageSize"],
        patch_size=network.get("patchSize", 16),
        embed_dim=shape["dim"],
        depth=shape["depth"],
        num_heads=shape["heads"],
        mlp_ratio=4 if gated or "hidden" not in network else network["hidden"] / shape["dim"],
        ffn_layer="swiglufused" if gated else "mlp",
        num_register_tokens=registers,
        init_values=network.get("layerScale"),
        block_chunks=0,
        interpolate_offset=interpolation["offset"],
        interpolate_antialias=interpolation["antialias"],
    ).eval()


def head(dim, options):
    return DINOHead(dim, options["prototypes"], nlayers=options["layers"], hidden_dim=options["hidden"],
                    bottleneck_dim=options["bottleneck"])


def strictly(state, network, objective):
    """Backbone and heads take every entry of the state, and miss none."""
    model = torch.nn.ModuleDict({"backbone": backbone(network)})
    model["dino_head"] = head(model["backbone"].embed_dim, objective["head"])
    if objective["ibotHead"]:
        model["ibot_head"] = head(model["backbone"].embed_dim, objective["ibotHead"])
    model.load_state_dict(state, strict=True)
    return model


def main():
    _, _, run, given, expected = sys.argv
    record = json.load(open(os.path.join(run, "config.json")))
    network, objective = record["network"], record["config"]["objective"]
    path = os.path.join(run, "teacher_checkpoint.pth")
    for part in ("teacher", "student"):
        file = torch.load(os.path.join(run, f"{part}_checkpoint.pth"), map_location="cpu")
        assert list(file) == [part], list(file)
        whole = strictly(file[part], network, objective)
        print(f"{part}_checkpoint.pth: {len(file[part])} entries load strictly: {', '.join(whole)}")
        if part == "teacher":
            teacher = whole["backbone"]

    model = backbone(network)
    load_pretrained_weights(model, path, "teacher")
    for name, value in model.state_dict().items():
        assert torch.equal(value, teacher.state_dict()[name]), f"{name} was passed over"
    with torch.no_grad():
        theirs = model(torch.from_numpy(np.load(given))).numpy()
    ours = np.load(expected)
    assert ours.shape == theirs.shape, f"shapes {ours.shape} and {theirs.shape}"
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    print(f"load_pretrained_weights: all of the backbone; largest relative difference {difference:.2e} of {ours.shape}")
    sys.exit(0 if difference <= 1e-4 else 1)


main()
