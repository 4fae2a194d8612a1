"""Two sets of weights in one file: the average is taken and said, the other is there for the asking."""

import io

import pytest
import torch

from authors_pvt import AuthorsPVT
from pvt_viz import load_model
from pvt_viz.checkpoints.load import open_checkpoint, open_files
from randomised import randomise
from their_networks import HEADS_ONLY, authors, refused, same, source
from timm_models import timm_model

PAIRS = [("state_dict_ema", "state_dict"), ("model_ema", "model"), ("teacher", "student")]


@pytest.fixture(scope="module")
def two():
    average, plain = authors(AuthorsPVT), authors(AuthorsPVT)
    randomise(plain.model, 5)
    return average.model, plain.model


def file(**kept) -> bytes:
    out = io.BytesIO()
    torch.save(kept, out)
    return out.getvalue()


@pytest.mark.parametrize("average, plain", PAIRS)
def test_which_set_was_taken_is_said_and_the_other_is_offered(two, average, plain, tmp_path):
    data = file(**{plain: two[1].state_dict(), average: two[0].state_dict()})
    (tmp_path / "net.pth").write_bytes(data)
    (tmp_path / "config.json").write_bytes(HEADS_ONLY["config.json"])
    for opened in (open_checkpoint(tmp_path / "net.pth"), open_files({"net.pth": data, **HEADS_ONLY})):
        same(opened.model(), two[0])
        assert (opened.weights.place, opened.weights.others) == (average, (plain,))
        assert opened.weights.notes[0] == (
            f"The file holds several sets of weights; taken are those under {average}, the average over training, and"
            f" not those under {plain}."
        )
    model = load_model(tmp_path / "net.pth", under=plain)
    same(model, two[1])
    assert model.weights.notes[0] == (
        f"The file holds several sets of weights; taken are those under {plain}, and not those under {average}."
    )
    same(open_files({"net.pth": data, **HEADS_ONLY}, under=plain).model(), two[1])
    refused(lambda: load_model(tmp_path / "net.pth", under="other"), f"under other; there are some under {average}")


@pytest.mark.parametrize("place", [place for pair in PAIRS for place in pair])
def test_one_set_needs_no_saying(two, place):
    opened = open_files({"net.pth": file(**{place: two[0].state_dict()}), **HEADS_ONLY})
    same(opened.model(), two[0])
    assert opened.weights.others == ()
    assert not any("sets of weights" in note for note in opened.weights.notes)


def test_weights_that_lie_alone_have_no_place_to_ask_for(two, tmp_path):
    for found in ("flexi_pvt", "pvt_tiny"):
        refused(lambda found=found: load_model(found, under="model"), found)
    torch.save(two[0].state_dict(), tmp_path / "net.pth")
    refused(lambda: load_model(tmp_path / "net.pth", under="model"), "one set of weights", "leave that out")


def test_a_teacher_of_another_kind_leaves_the_student():
    theirs, other = source("authors v1"), {"conv1.weight": torch.ones(4, 3, 7, 7), "fc.bias": torch.ones(7)}
    opened = open_files({"net.pth": file(teacher=other, student=theirs.tensors), **theirs.files})
    same(opened.model(), theirs.model)
    assert (
        "Those under teacher are of no use here: net.pth is of a network that is not known" in opened.weights.notes[0]
    )
    assert "taken are those under student" in opened.weights.notes[1]
    refused(lambda: open_files({"net.pth": file(teacher=other, student=other)}), "not known")
    refused(lambda: open_files({"net.pth": file(teacher=other, student=theirs.tensors)}, under="teacher"), "not known")


def test_a_dino_keeps_its_students_and_its_teachers_body():
    model = timm_model("vit_tiny_patch16_224", num_classes=0)
    head = {"mlp.0.weight": torch.ones(8, 128), "last_layer.weight_g": torch.ones(8, 1)}
    state = {f"backbone.{name}": values for name, values in model.state_dict().items()}
    state |= {f"head.{name}": values for name, values in head.items()}
    student = {f"module.{name}": values for name, values in state.items()}
    files = {"net.pth": file(student=student, teacher=state, epoch=100), "config.json": b'{"num_attention_heads": 2}'}
    for under in (None, "student"):
        opened = open_files(files, under=under)
        assert opened.config.num_classes == 0
        assert any("head" in note for note in opened.weights.notes)
    assert open_files(files).weights.place == "teacher"
