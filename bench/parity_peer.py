"""The Python side of parity.bench.ts. Usage: parity_peer.py SETTINGS OUT.safetensors

Writes a small vision transformer's start, and on the CPU and on the device its logits, gradients (also under bfloat16
autocast) and its parameters after five AdamW steps. Prints the version of torch.
"""

import json
import os
import sys

import torch
from torch.nn import functional as F

from step_peer import build

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "test"))
from safetensors_writer import write  # noqa: E402

settings = json.loads(sys.argv[1])
torch.manual_seed(17)
start = build({**settings, "device": "cpu"})
with torch.no_grad():
    for parameter in start.parameters():  # so that nothing is zero, one or the same for all channels
        parameter.add_(0.1 * torch.randn_like(parameter))
state = {key: value.clone() for key, value in start.state_dict().items()}
images = torch.randn(settings["batch"], 3, settings["imageSize"], settings["imageSize"])
targets = (torch.rand(settings["batch"], settings["outputs"]) < 0.3).float()
out = {"images": images, "targets": targets, **{f"start/{key}": value for key, value in state.items()}}


def record(place, device):
    x, y = images.to(device), targets.to(device)
    for precision in ("fp32", "bf16"):
        model = build({**settings, "device": device})
        model.load_state_dict(state)
        optimizer = torch.optim.AdamW(model.parameters(), lr=settings["learningRate"])
        for step in range(5):
            with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bf16"):
                logits = model(x)
            loss = F.binary_cross_entropy_with_logits(logits.float(), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if step == 0:
                out[f"{place}/{precision}/logits"] = logits.detach().float()
                for key, value in model.named_parameters():
                    if value.grad is not None:
                        out[f"{place}/{precision}/gradient/{key}"] = value.grad.clone()
            optimizer.step()
        for key, value in model.state_dict().items():
            out[f"{place}/{precision}/adamw/{key}"] = value.clone()


record("cpu", "cpu")
if settings["device"] != "cpu":
    record("device", settings["device"])
write(sys.argv[2], {key: value.cpu() for key, value in out.items()}, {"torch": torch.__version__})
print(torch.__version__)
