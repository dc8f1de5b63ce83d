"""Loads what `hilum weights convert` wrote into the original code, strictly, and compares its output with hilum's.

Usage:
  check-converted.py dinov2       CHECKOUT  WEIGHTS.pth  INPUT.npy  OUTPUT.npy  ENTRY [ARGUMENTS as JSON]
  check-converted.py dinov3       CHECKOUT  WEIGHTS.pth  INPUT.npy  OUTPUT.npy  ENTRY
  check-converted.py torchvision  FOLDER    WEIGHTS.pth  INPUT.npy  OUTPUT.npy  ENTRY
  check-converted.py timm         CHECKOUT  FOLDER       INPUT.npy  OUTPUT.npy
  check-converted.py transformers PACKAGE   FOLDER       INPUT.npy  OUTPUT.npy

CHECKOUT: of the repository; for torchvision what holds the package; PACKAGE: the folder src/transformers (its modelling and
configuration files run as they are). INPUT: what the network's first layer sees [B, C, H, W], as `hilum features --input-out`
stores it; OUTPUT: hilum's class tokens or logits for it. ENTRY: a function of dinov2/hub/backbones.py, of
dinov3/hub/backbones.py or of torchvision.models. Packages that are not installed and compute nothing here are stood in for, and what torch before 2.0 lacks is written out. Prints the largest
difference over the largest value; ends with 1 where it is over 1e-4."""
import importlib.util
import json
import os
import struct
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "src", "models", "weights", "namings", "fixtures"))
import numpy as np
import vit_original as original
import torch
from torch import nn

TYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}


def load_safetensors(path, device="cpu"):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert header.pop("__metadata__")["format"] == "pt"
    return {
        name: torch.frombuffer(
            bytearray(data[8 + length + entry["data_offsets"][0] : 8 + length + entry["data_offsets"][1]]),
            dtype=TYPES[entry["dtype"]],
        ).reshape(entry["shape"])
        for name, entry in header.items()
    }


def strictly(model, state):
    model.load_state_dict(state, strict=True)
    return model.float().eval()


def of_dinov2(checkout, path, entry, arguments="{}"):
    sys.path.insert(0, checkout)
    from dinov2.hub import backbones

    model = getattr(backbones, entry)(pretrained=False, **json.loads(arguments))
    return strictly(model, torch.load(path, map_location="cpu"))


def of_dinov3(checkout, path, entry):
    import dinov3_originals  # writes out what torch before 2.0 lacks

    sys.path.insert(0, checkout)
    dinov3_originals.package("dinov3.layers.fp8_linear", convert_linears_to_fp8=None)
    from dinov3.hub import backbones

    return strictly(getattr(backbones, entry)(pretrained=False), torch.load(path, map_location="cpu"))


def of_torchvision(folder, path, entry):
    sys.path.insert(0, folder)
    import torchvision

    state = torch.load(path, map_location="cpu")
    head = "fc" if entry.startswith("resnet") else "classifier"
    outputs = state[f"{head}.weight"].shape[0] if f"{head}.weight" in state else 1
    model = getattr(torchvision.models, entry)(num_classes=outputs)
    if outputs == 1:
        setattr(model, head, nn.Identity())
    return strictly(model, state)


def of_timm(checkout, folder):
    sys.meta_path.append(original.StandIn("torchvision", "huggingface_hub", "safetensors"))
    sys.path.insert(0, checkout)
    import safetensors.torch

    safetensors.torch.load_file = load_safetensors
    import timm

    model = timm.create_model(f"local-dir:{os.path.abspath(folder)}", pretrained=True)
    written = json.load(open(os.path.join(folder, "config.json")))
    config = timm.data.resolve_model_data_config(model) if hasattr(timm.data, "resolve_model_data_config") else {}
    for key in ("mean", "std", "input_size"):
        assert not config or list(config[key]) == written["pretrained_cfg"][key], key
    return strictly(model, load_safetensors(os.path.join(folder, "model.safetensors")))


class Config:
    """Refuses what no configuration knows, so that a wrong key is seen."""

    KNOWN = {"architectures", "model_type", "torch_dtype", "id2label", "label2id", "problem_type"}

    def __init__(self, **rest):
        assert set(rest) <= self.KNOWN, f"unknown keys: {sorted(set(rest) - self.KNOWN)}"
        self.__dict__.update(rest)
        self.num_labels = len(rest.get("id2label", (0, 1)))
        self.output_hidden_states, self.use_return_dict, self.chunk_size_feed_forward = False, True, 0
        self._attn_implementation = "eager"


class Model(nn.Module):
    def __init__(self, config, *args, **kwargs):
        super().__init__()
        self.config = config

    def post_init(self):
        pass

    def get_head_mask(self, mask, layers):
        return [None] * layers


class Output(types.SimpleNamespace):
    def __init__(self, **values):
        super().__init__(**values)

    def __getattr__(self, name):
        return None

    def __getitem__(self, index):
        return list(vars(self).values())[index]


class Subscripted:
    def __class_getitem__(cls, item):
        return item


def decorator(function=None, **options):
    return function if callable(function) else lambda function: function


def stand_in_for_transformers():
    sys.meta_path.append(original.StandIn("transformers"))
    import transformers.activations
    import transformers.configuration_utils
    import transformers.modeling_layers
    import transformers.modeling_outputs
    import transformers.modeling_utils
    import transformers.processing_utils
    import transformers.pytorch_utils
    import transformers.utils.backbone_utils
    import transformers.utils.generic

    transformers.activations.ACT2FN = {"gelu": nn.GELU(), "silu": nn.SiLU(), "relu": nn.ReLU(), "tanh": nn.Tanh()}
    transformers.configuration_utils.PretrainedConfig = Config
    transformers.modeling_layers.GradientCheckpointingLayer = nn.Module
    for name in (
        "BaseModelOutput", "BaseModelOutputWithPooling", "BaseModelOutputWithNoAttention", "ImageClassifierOutput",
        "BaseModelOutputWithPoolingAndNoAttention", "ImageClassifierOutputWithNoAttention",
    ):
        setattr(transformers.modeling_outputs, name, Output)
    transformers.modeling_utils.PreTrainedModel = Model
    transformers.modeling_utils.ALL_ATTENTION_FUNCTIONS = {}
    transformers.processing_utils.Unpack = Subscripted
    transformers.pytorch_utils.compile_compatible_method_lru_cache = decorator
    for name in ("BackboneMixin", "BackboneConfigMixin"):
        setattr(transformers.utils.backbone_utils, name, type(name, (), {}))
    transformers.utils.backbone_utils.get_aligned_output_features_output_indices = lambda **_: (None, None)
    transformers.utils.auto_docstring = transformers.utils.generic.can_return_tuple = decorator
    transformers.utils.generic.check_model_inputs = decorator
    transformers.utils.torch_int = int
    transformers.utils.logging = types.SimpleNamespace(get_logger=lambda name: None)


def of_transformers(package, folder):
    stand_in_for_transformers()
    written = json.load(open(os.path.join(folder, "config.json")))
    name, (architecture,) = written["model_type"], written["architectures"]

    def module(kind):
        path = os.path.join(package, "models", name, f"{kind}_{name}.py")
        spec = importlib.util.spec_from_file_location(f"transformers.models.{name}.{kind}_{name}", path)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded

    configuration = module("configuration")
    (kind,) = [each for each in vars(configuration).values() if getattr(each, "model_type", None) == name]
    build = getattr(module("modeling"), architecture)
    config = kind(**{key: value for key, value in written.items() if key != "model_type"})
    plain = {"add_pooling_layer": False} if architecture == "ViTModel" else {}
    model = strictly(build(config, **plain), load_safetensors(os.path.join(folder, "model.safetensors")))

    def run(x):
        result = model(x)
        if architecture.endswith("ForImageClassification"):
            assert len(config.id2label) == result.logits.shape[1]
            return result.logits
        if "conv" in name or name == "resnet":
            return result.pooler_output.flatten(1)
        return result.last_hidden_state[:, 0]

    return run


def main():
    code, checkout, path, given, expected, *rest = sys.argv[1:]
    load = {"dinov2": of_dinov2, "dinov3": of_dinov3, "torchvision": of_torchvision, "timm": of_timm, "transformers": of_transformers}
    model = load[code](checkout, path, *rest)
    with torch.no_grad():
        theirs = model(torch.from_numpy(np.load(given))).numpy()
    ours = np.load(expected)
    assert ours.shape == theirs.shape, f"shapes {ours.shape} and {theirs.shape}"
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    print(f"{code} {path}: strict; largest relative difference {difference:.2e} of {ours.shape}")
    sys.exit(0 if difference <= 1e-4 else 1)


main()
