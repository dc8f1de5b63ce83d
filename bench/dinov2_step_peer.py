"""The Python side of dinov2-step.bench.ts: a step of DINOv2's pretraining as facebookresearch/dinov2 does it (dinov2/train/
ssl_meta_arch.py and train.py), in plain PyTorch: attention is written out where the original calls xFormers, and crops of two
sizes pass the student one after the other where it packs them.

Arguments: a JSON object (Dinov2Step of dinov2-step.ts). A round is `steps COUNT`, `memory` (the largest
resident memory so far, MiB), or `check COUNT PATH`, which does steps and writes their losses and the student to PATH.
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from peer import serve
from step_peer import Attention, LayerScale, Mlp, PatchEmbed


def drop_path(x, probability):
    kept = 1 - probability
    mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(kept)
    return x * mask.div_(kept)


def add_to_subset(x, branch, probability):
    kept = max(int(len(x) * (1 - probability)), 1)
    chosen = torch.randperm(len(x), device=x.device)[:kept]
    residual = branch(x[chosen]).flatten(1)
    return torch.index_add(x.flatten(1), 0, chosen, residual.to(x.dtype), alpha=len(x) / kept).view_as(x)


class Block(nn.Module):
    def __init__(self, dim, heads, layer_scale, drop):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.ls1 = LayerScale(dim) if layer_scale else nn.Identity()
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim)
        self.ls2 = LayerScale(dim) if layer_scale else nn.Identity()
        self.drop = drop

    def residual(self, x, branch):
        if self.training and self.drop > 0.1:
            return add_to_subset(x, branch, self.drop)
        return x + (drop_path(branch(x), self.drop) if self.training and self.drop > 0 else branch(x))

    def forward(self, x):
        x = self.residual(x, lambda part: self.ls1(self.attn(self.norm1(part))))
        return self.residual(x, lambda part: self.ls2(self.mlp(self.norm2(part))))


class VisionTransformer(nn.Module):
    def __init__(self, imageSize, patchSize, dim, depth, heads, layerScale, dropPath):
        super().__init__()
        self.patch_size = patchSize
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (imageSize // patchSize) ** 2, dim))
        self.mask_token = nn.Parameter(torch.zeros(1, dim))
        self.patch_embed = PatchEmbed(patchSize, dim)
        self.blocks = nn.ModuleList([Block(dim, heads, layerScale, drop) for drop in dropPath])
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def positions(self, height, width):
        side = int((self.pos_embed.shape[1] - 1) ** 0.5)
        if (height, width) == (side, side):
            return self.pos_embed
        patches = self.pos_embed[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        scale = ((height + 0.1) / side, (width + 0.1) / side)
        patches = F.interpolate(patches, mode="bicubic", scale_factor=scale)
        assert patches.shape[-2:] == (height, width)
        return torch.cat([self.pos_embed[:, :1], patches.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)

    def forward(self, x, masks=None):
        height, width = x.shape[-2] // self.patch_size, x.shape[-1] // self.patch_size
        x = self.patch_embed(x)
        if masks is not None:
            x = torch.where(masks.unsqueeze(-1), self.mask_token.to(x.dtype).unsqueeze(0), x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1) + self.positions(height, width)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return x[:, 0], x[:, 1:]


class DINOHead(nn.Module):
    def __init__(self, dim, prototypes, hidden, bottleneck, layers):
        super().__init__()
        widths = [dim] + [hidden] * (layers - 1) + [bottleneck]
        linear = [nn.Linear(*pair) for pair in zip(widths, widths[1:])]
        self.mlp = nn.Sequential(*[part for layer in linear for part in (layer, nn.GELU())][:-1])
        self.last_layer = nn.utils.weight_norm(nn.Linear(bottleneck, prototypes, bias=False))

    def forward(self, x):
        return self.last_layer(F.normalize(self.mlp(x).float(), dim=-1, p=2, eps=1e-12)).float()


class Network(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.backbone = VisionTransformer(**settings["model"])
        self.dino_head = DINOHead(settings["model"]["dim"], **settings["head"])


@torch.no_grad()
def sinkhorn_knopp(scores, temperature, iterations=3):
    Q = torch.exp(scores / temperature).t()
    K, B = Q.shape
    Q /= torch.sum(Q)
    for _ in range(iterations):
        Q /= torch.sum(Q, dim=1, keepdim=True)
        Q /= K
        Q /= torch.sum(Q, dim=0, keepdim=True)
        Q /= B
    Q *= B
    return Q.t()


def dino_loss(student, teacher, temperature=0.1):
    loss = 0
    for s in student:
        lsm = F.log_softmax(s / temperature, dim=-1)
        for t in teacher:
            loss -= torch.sum(t * lsm, dim=-1).mean()
    return loss


def koleo_loss(tokens, eps=1e-8):
    tokens = F.normalize(tokens, eps=eps, p=2, dim=-1)
    dots = torch.mm(tokens.detach(), tokens.detach().t())
    dots.view(-1)[:: len(dots) + 1].fill_(-1)
    nearest = tokens[torch.max(dots, dim=1)[1]]
    return -torch.log(F.pairwise_distance(tokens, nearest, 2, eps) + eps).mean()


def ibot_loss(scores, targets, weights, images, temperature=0.1):
    loss = torch.sum(targets * F.log_softmax(scores / temperature, dim=-1), dim=-1)
    return -(loss * weights).sum() / images


def parameter_groups(network, recipe):
    """dinov2/utils/param_groups.py"""
    groups = {}
    for name, part in {"backbone": network.backbone, "dino_head": network.dino_head}.items():
        for own, parameter in part.named_parameters():
            rate, decay = 1.0, recipe["weightDecay"]
            if name == "backbone":
                depth = len(part.blocks)
                layer = 0
                if own.startswith("blocks."):
                    layer = int(own.split(".")[1]) + 1
                elif own.startswith("norm"):
                    layer = depth + 1
                rate = recipe["layerDecay"] ** (depth + 1 - layer)
                if own.startswith("patch_embed"):
                    rate *= recipe["patchEmbedRate"]
            if own.endswith(".bias") or "norm" in own or "gamma" in own:
                decay = 0.0
            group = groups.setdefault((name, rate, decay, "last_layer" in own), [])
            group.append(parameter)
    return [
        dict(params=parameters, lr=recipe["learningRate"] * rate, weight_decay=decay, foreach=True)
        for (_, rate, decay, _), parameters in groups.items()
    ]


class Training:
    def __init__(self, settings, stored):
        self.settings, self.recipe = settings, settings["recipe"]
        self.student, self.teacher = Network(settings), Network(settings)
        for network in (self.student, self.teacher):
            network.load_state_dict({name[8:]: value for name, value in stored.items() if name.startswith("student.")})
        for parameter in self.teacher.parameters():
            parameter.requires_grad = False
        self.teacher.eval()
        self.optimizer = torch.optim.AdamW(parameter_groups(self.student, self.recipe), betas=(0.9, 0.999))
        self.crops = stored["global"], stored["local"]
        self.masks, self.indices, self.weights = stored["masks"], stored["indices"], stored["weights"]
        torch.manual_seed(settings["seed"])

    @torch.no_grad()
    def targets(self):
        classes, patches = self.teacher.backbone(self.crops[0])
        first, second = classes.chunk(2)
        masked = patches.flatten(0, 1).index_select(0, self.indices)
        scores = self.teacher.dino_head(torch.cat([second, first, masked]))
        temperature = self.recipe["teacherTemperature"]
        classes = sinkhorn_knopp(scores[: len(first) * 2], temperature)
        return classes.view(2, len(first), -1), sinkhorn_knopp(scores[len(first) * 2 :], temperature)

    def losses(self):
        images, locals_ = self.settings["batch"], self.settings["locals"]
        class_targets, patch_targets = self.targets()
        classes, patches = self.student.backbone(self.crops[0], self.masks)
        local, _ = self.student.backbone(self.crops[1])
        masked = patches.flatten(0, 1).index_select(0, self.indices)
        scores = self.student.dino_head(torch.cat([local, classes, masked]))
        of_local, of_global, of_masked = scores.split([len(local), len(classes), len(masked)])
        pairs = 2 * locals_ + 2
        return {
            "dinoLocal": dino_loss(of_local.chunk(locals_), class_targets) / pairs,
            "dinoGlobal": dino_loss([of_global], [class_targets.flatten(0, 1)]) * 2 / pairs,
            "koleo": sum(koleo_loss(tokens) for tokens in classes.float().chunk(2)) * 0.1 / 2,
            "ibot": ibot_loss(of_masked, patch_targets, self.weights, 2 * images) / 2,
        }

    def step(self):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.settings["precision"] == "bf16"):
            parts = self.losses()
        loss = parts["dinoLocal"] + parts["dinoGlobal"] + 2 * parts["koleo"] + 2 * parts["ibot"]
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for part in (self.student.backbone, self.student.dino_head):
            nn.utils.clip_grad_norm_(part.parameters(), self.recipe["clip"])
        self.optimizer.step()
        with torch.no_grad():
            student, teacher = list(self.student.parameters()), list(self.teacher.parameters())
            torch._foreach_mul_(teacher, self.recipe["momentum"])
            torch._foreach_add_(teacher, student, alpha=1 - self.recipe["momentum"])
        values = [value.item() for value in parts.values()]
        assert all(abs(value) < float("inf") for value in values)
        return values


def main():
    settings = json.loads(sys.argv[1])
    training = Training(settings, torch.load(settings["start"]))

    def run(what, count="0", path=None):
        if what == "memory":
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        losses = [training.step() for _ in range(int(count))]
        seconds = time.perf_counter() - start
        if path:
            torch.save({"losses": torch.tensor(losses), **training.student.state_dict()}, path)
        return seconds

    serve(run, {"peerTorch": torch.__version__, "peerThreads": torch.get_num_threads()})


if __name__ == "__main__":
    main()
