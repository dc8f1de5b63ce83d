"""The Python side of step.bench.ts: training steps of DINOv2's vision transformer, as a PyTorch user writes them.

Arguments: a JSON object {device, imageSize, patchSize, dim, depth, heads, outputs, batch, learningRate}.
A round is `PRECISION STEPS`.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from peer import serve


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        B, N, D = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        if hasattr(F, "scaled_dot_product_attention"):
            x = F.scaled_dot_product_attention(q, k, v)
        else:
            x = (q * (D // self.heads) ** -0.5 @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        return self.proj(x.transpose(1, 2).reshape(B, N, D))


class Mlp(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class LayerScale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.full([dim], 1e-5))

    def forward(self, x):
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.ls1 = LayerScale(dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim)
        self.ls2 = LayerScale(dim)

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    def __init__(self, patch_size, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch_size, patch_size)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    def __init__(self, image_size, patch_size, dim, depth, heads):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (image_size // patch_size) ** 2, dim))
        self.mask_token = nn.Parameter(torch.zeros(1, dim))
        self.patch_embed = PatchEmbed(patch_size, dim)
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 0]


class Classifier(nn.Module):
    def __init__(self, backbone, dim, outputs):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(dim, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(self.backbone(x))


def build(settings):
    backbone = VisionTransformer(
        settings["imageSize"], settings["patchSize"], settings["dim"], settings["depth"], settings["heads"]
    )
    return Classifier(backbone, settings["dim"], settings["outputs"]).to(settings["device"])


def training_step(model, optimizer, images, targets, precision):
    kind = images.device.type
    with torch.autocast(device_type=kind, dtype=torch.bfloat16, enabled=precision == "bf16"):
        loss = F.binary_cross_entropy_with_logits(model(images), targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss


def main():
    settings = json.loads(sys.argv[1])
    device, size = settings["device"], settings["imageSize"]
    torch.manual_seed(0)
    model = build(settings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings["learningRate"])
    images = torch.randn(settings["batch"], 3, size, size, device=device)
    targets = (torch.rand(settings["batch"], settings["outputs"], device=device) < 0.3).float()

    def wait():
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)

    def run(precision, steps):
        wait()
        start = time.perf_counter()
        for _ in range(int(steps)):
            training_step(model, optimizer, images, targets, precision)
        wait()
        return time.perf_counter() - start

    parameters = sum(parameter.numel() for parameter in model.parameters())
    serve(run, {"peerTorch": torch.__version__, "parameters": parameters, "peerThreads": torch.get_num_threads()})


if __name__ == "__main__":
    main()
