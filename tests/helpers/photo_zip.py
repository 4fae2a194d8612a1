"""A zip of Tiny-ImageNet's layout, made on the spot out of drawn scenes."""

import io
import zipfile
from pathlib import Path

from pvt_viz import images, scenes
from pvt_viz.train.photos.archive import SIDE, Layout

LAYOUT = Layout(classes=("n00000001", "n00000005", "n00000020"), train=4, val=5)
TOP = "tiny-imagenet-200/"


def files(layout: Layout = LAYOUT) -> dict[str, bytes]:
    """Name in the archive -> bytes; the first picture of all is grey."""
    count = layout.train * len(layout.classes) + layout.val
    drawn = scenes.generate(count, SIDE, seed=5)
    pictures = iter(zip(images.from_tensor(drawn.images), drawn.masks, strict=True))
    found = {"wnids.txt": "\n".join(reversed(layout.classes)).encode()}

    def add(name: str, *, grey: bool = False) -> str:
        picture, mask = next(pictures)
        kept = io.BytesIO()
        (picture.convert("L") if grey else picture).save(kept, "JPEG", quality=90)
        found[name] = kept.getvalue()
        rows, columns = mask.any(dim=1).nonzero(), mask.any(dim=0).nonzero()
        return "\t".join(str(int(edge)) for edge in (columns[0], rows[0], columns[-1], rows[-1]))

    for label, wnid in enumerate(layout.classes):
        names = [f"{wnid}_{i}.JPEG" for i in range(layout.train)]
        boxes = [add(f"train/{wnid}/images/{name}", grey=not label + i) for i, name in enumerate(names)]
        lines = [f"{name}\t{box}\n" for name, box in zip(names, boxes, strict=True)]
        found[f"train/{wnid}/{wnid}_boxes.txt"] = "".join(lines).encode()
    names = [f"val_{i}.JPEG" for i in range(layout.val)]
    boxes = [add(f"val/images/{name}") for name in names]
    labels = [layout.classes[i % len(layout.classes)] for i in range(layout.val)]
    lines = [f"{name}\t{wnid}\t{box}\n" for name, wnid, box in zip(names, labels, boxes, strict=True)]
    found["val/val_annotations.txt"] = "".join(lines).encode()
    return found


def write(path: Path, content: dict[str, bytes], top: str = TOP) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(top + name, data)
    return path
