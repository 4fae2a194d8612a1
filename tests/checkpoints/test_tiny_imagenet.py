"""The names of Tiny-ImageNet's classes."""

import re

import pytest

from pvt_viz.checkpoints.tiny_imagenet import CLASSES, WNIDS
from pvt_viz.language import LANGUAGES, speaking, tr

LONGEST = 24


def test_there_are_200_ids_in_order():
    assert len(WNIDS) == len(set(WNIDS)) == 200
    assert list(WNIDS) == sorted(WNIDS)
    assert [wnid for wnid in WNIDS if not re.fullmatch(r"n\d{8}", wnid)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_class_has_a_short_name_of_its_own(language):
    with speaking(language):
        names = [tr(name) for name in CLASSES]
    assert len(names) == len(set(names)) == len(WNIDS)
    assert [name for name in names if not 0 < len(name) <= LONGEST or set(name) & set(",，、")] == []


def test_names_stand_beside_their_ids():
    named = dict(zip(WNIDS, CLASSES, strict=True))
    assert named["n01443537"] == "goldfish"
    assert named["n02123045"] == "tabby cat"
    assert named["n02124075"] == "Egyptian cat"
    assert named["n04146614"] == "school bus"
    assert named["n12267677"] == "acorn"


def test_names_are_chinese_in_chinese():
    with speaking("zh"):
        assert [name for name in CLASSES if tr(name) == name] == ["iPod"]
        assert tr("tabby cat") == "虎斑猫"
