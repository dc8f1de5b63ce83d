"""The Python side of crops.bench.ts: DINOv2's augmentation as torchvision and Pillow compute it, by the workers of a DataLoader.

Arguments: a JSON object {processes, batch, sets: {name: [paths]}}. A round is `NAME published` (float tensors, normalized, as
dinov2/data/augmentations.py gives them) or `NAME bytes` (8 bits, not normalized, as hilum's crops are), over all images of the set.
"""

import json
import sys
import time

import PIL
import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from peer import serve

settings = json.loads(sys.argv[1])
LOCALS = 8


def crop(size, scale):
    resized = transforms.RandomResizedCrop(size, scale=scale, interpolation=transforms.InterpolationMode.BICUBIC)
    return transforms.Compose([resized, transforms.RandomHorizontalFlip(p=0.5)])


def blur(p):
    # DINOv2's GaussianBlur(p) applies with probability 1 - p; here it is named by what it does.
    return transforms.RandomApply([transforms.GaussianBlur(kernel_size=9, sigma=(0.1, 2.0))], p=p)


class Crops:
    """DataAugmentationDINO."""

    def __init__(self, published):
        jitter = transforms.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.2, hue=0.1)
        colour = [transforms.RandomApply([jitter], p=0.8), transforms.RandomGrayscale(p=0.2)]
        normalize = transforms.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
        end = [transforms.ToTensor(), normalize] if published else [transforms.PILToTensor()]
        self.large, self.small = crop(224, (0.32, 1.0)), crop(96, (0.05, 0.32))
        self.first = transforms.Compose([*colour, blur(0.0), *end])
        self.second = transforms.Compose([*colour, blur(0.9), transforms.RandomSolarize(128, p=0.2), *end])
        self.local = transforms.Compose([*colour, blur(0.5), *end])

    def __call__(self, image):
        large = [self.first(self.large(image)), self.second(self.large(image))]
        return large, [self.local(self.small(image)) for _ in range(LOCALS)]


class Files(Dataset):
    def __init__(self, paths, published):
        self.paths, self.crops = paths, Crops(published)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with open(self.paths[index], "rb") as file:
            return self.crops(Image.open(file).convert("RGB"))


def collate(samples):
    """As dinov2/data/collate.py stacks them."""
    return (
        torch.stack([large[i] for i in range(2) for large, _ in samples]),
        torch.stack([small[i] for i in range(LOCALS) for _, small in samples]),
    )


def main():
    torch.manual_seed(1)
    options = {"batch_size": settings["batch"], "shuffle": True, "collate_fn": collate}
    workers = {"num_workers": settings["processes"], "persistent_workers": True}
    loaders = {
        f"{name} {form}": DataLoader(Files(paths, form == "published"), **options, **workers)
        for name, paths in settings["sets"].items()
        for form in ("published", "bytes")
    }

    def epoch(name, form):
        loader = loaders[f"{name} {form}"]
        seen = 0
        start = time.perf_counter()
        for large, small in loader:
            seen += large.shape[0] // 2
            assert large.shape[1:] == (3, 224, 224) and small.shape[1:] == (3, 96, 96)
        taken = time.perf_counter() - start
        assert seen == len(loader.dataset)
        return taken

    versions = {
        "peerTorchvision": torchvision.__version__,
        "peerTorch": torch.__version__,
        "peerPillow": PIL.__version__,
        "peerProcesses": settings["processes"],
    }
    serve(epoch, versions)


if __name__ == "__main__":
    main()
