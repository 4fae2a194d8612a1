"""From a URL's loose words to a valid choice, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvt_viz import scenes
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.choices.selection import OF_SCENES, SCENE, SCENES_ALONE, SEEDS_FROM, choose, label, native
from pvt_viz.choices.view import View
from pvt_viz.presets import PRESETS

DEVICES = ("cpu",)
DRAWN = {"picture": SCENE}
FIRST, SECOND, THIRD = scenes.colours(SEEDS_FROM + 7)  # of the scene that is shown first
ELSEWHERE = next(colour for colour in scenes.COLOURS if colour not in (FIRST, SECOND, THIRD))


def square(_picture, _crop, size):
    return size, size


def test_no_words_are_the_defaults_and_make_an_empty_link():
    choice = choose({}, square, DEVICES)
    selection = choice.selection
    assert selection.query() == {}
    assert choice.replaced == ()
    assert (selection.picture, selection.model, selection.image_size) == (
        "cat",
        "photo_pvt",
        PRESETS["photo_pvt"].image_hw,
    )
    assert selection.config == PRESETS["photo_pvt"]


def test_a_scene_comes_with_the_network_that_knows_scenes():
    choice = choose(DRAWN, square, DEVICES)
    selection = choice.selection
    assert selection.query() == DRAWN
    assert choice.replaced == ()
    assert (selection.picture, selection.model, selection.image_size) == ("scene", "flexi_pvt", (128, 128))
    assert (selection.seed, selection.clutter, selection.cue, selection.outline) == (7, 100, FIRST, "off")
    assert selection.config == PRESETS["flexi_pvt"]
    assert selection.config.reductions == (8, 4, 2, 1)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_network_alone_opens_at_its_own_size_and_ratios(preset):
    choice = choose({"model": preset}, square, DEVICES)
    assert choice.selection.config == PRESETS[preset]
    assert choice.replaced == ()
    query = {"flexi_pvt": DRAWN, "photo_pvt": {}}  # those that come by themselves are not named
    assert choice.selection.query() == query.get(preset, {"model": preset})
    assert choice.selection.picture == (SCENE if preset in SCENES_ALONE else "cat")


@pytest.mark.parametrize("picture", [SCENE, "cat", "rocket"])
@pytest.mark.parametrize("model", ["flexi_pvt", "photo_pvt", "flexi_pvt_fixed", "pvt_tiny"])
def test_a_link_names_the_network_that_does_not_come_with_its_picture(picture, model):
    query = choose({"picture": picture, "model": model}, square, DEVICES).selection.query()
    assert ("model" in query) == (model != native(picture))
    again = choose(query, square, DEVICES).selection
    assert (again.picture, again.model) == (picture, model)


@pytest.mark.parametrize("words", [{"seed": "3"}, {"clutter": "25"}, {"cue": SECOND}, {"outline": "on"}])
def test_a_link_of_before_that_speaks_of_a_scene_still_opens_on_one(words):
    selection = choose(words, square, DEVICES).selection
    assert (selection.picture, selection.model) == (SCENE, "flexi_pvt")
    assert selection.query() == words


def test_a_picture_of_ones_own_is_a_photograph_and_leaves_no_trace_in_the_link():
    drawn = choose(DRAWN, square, DEVICES, own=True).selection
    assert (drawn.model, drawn.drawn, drawn.image_size) == ("photo_pvt", False, PRESETS["photo_pvt"].image_hw)
    assert drawn.query() == DRAWN  # who opens it sees the scene, with the network that knows it
    assert choose({"seed": "9"}, square, DEVICES, own=True).selection.query() == {"seed": "9"}
    assert choose({}, square, DEVICES, own=True).selection.query() == {}
    chosen = {"picture": "coffee", "model": "pvt_tiny"}
    assert choose(chosen, square, DEVICES, own=True).selection.query() == chosen


@pytest.mark.parametrize("preset", PRESETS)
def test_a_network_with_weights_is_offered_powers_of_two(preset):
    options = choose({"model": preset}, square, DEVICES).options
    folds = len(PRESETS[preset].dims) > 1 and preset != "pvt_v2_b2_li"  # a ViT and linear SRA have no R
    bundled = preset in BUNDLED
    assert options["p1"] == ((2, 4, 8, 16) if bundled else (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32))
    assert options["r1"] == ((1, 2, 4, 8, 16) if bundled else tuple(range(1, 17))) if folds else (1,)


def test_what_is_said_of_a_scene_stays_out_of_a_photographs_link():
    words = {"seed": "12", "clutter": "25", "outline": "on"}
    drawn = choose(words, square, DEVICES)
    assert drawn.selection.query() == words
    assert drawn.replaced == ()
    assert choose({**words, "picture": "coffee"}, square, DEVICES).selection.query() == {"picture": "coffee"}
    assert choose({**words, "picture": "cat"}, square, DEVICES).selection.query() == {}


def test_the_cue_as_it_was_drawn_is_the_default():
    assert choose({"cue": FIRST}, square, DEVICES).selection.query() == DRAWN
    choice = choose({"cue": SECOND}, square, DEVICES)
    assert choice.selection.query() == {"cue": SECOND}
    assert choice.options["cue"] == (FIRST, SECOND, THIRD)


TINY = {"model": "pvt_tiny"}


@pytest.mark.parametrize(
    "words, name, value",
    [
        ({**TINY, "r1": "9.4"}, "r1", 9),
        ({**TINY, "r1": "999"}, "r1", 16),
        ({**TINY, "r4": "-3"}, "r4", 1),
        ({**TINY, "r1": "eight"}, "r1", 8),
        ({**TINY, "r1": "nan"}, "r1", 8),
        ({**TINY, "r1": "1e400"}, "r1", 16),
        ({**TINY, "size": "230"}, "size", 224),
        ({"model": "pvt_smal"}, "model", "pvt_small"),
        ({"model": "<script>"}, "model", "photo_pvt"),
        ({**DRAWN, "model": "<script>"}, "model", "flexi_pvt"),
        ({"picture": "../../etc/passwd"}, "picture", "cat"),
        ({"picture": "../../etc/passwd", "seed": "3"}, "picture", "scene"),
        ({"picture": "coffe"}, "picture", "coffee"),
        ({"device": "cuda"}, "device", "auto"),
        ({**TINY, "size": "64", "r3": "5"}, "r3", 4),
        ({**TINY, "p1": "11"}, "p1", 10),
        ({"model": "vit_tiny_16", "r1": "4"}, "r1", 1),
        ({"r1": "9.4"}, "r1", 8),
        ({"r1": "3.1"}, "r1", 4),
        ({"r1": "999"}, "r1", 16),
        ({"r1": "eight"}, "r1", 8),
        ({"p1": "1"}, "p1", 2),
        ({"p1": "11"}, "p1", 8),
        ({"model": "scene_vit", "p1": "13"}, "p1", 16),
        ({"size": "130"}, "size", 128),
        ({"size": "???"}, "size", PRESETS["photo_pvt"].image_size),
        ({**DRAWN, "size": "???"}, "size", 128),
        ({"seed": "-1"}, "seed", 0),
        ({"seed": "1e9"}, "seed", 999),
        ({"seed": "seven"}, "seed", 7),
        ({"clutter": "60"}, "clutter", 50),
        ({"outline": "onn"}, "outline", "on"),
        ({"outline": "1"}, "outline", "off"),
        ({"cue": ELSEWHERE}, "cue", FIRST),
        ({"cue": SECOND.upper()}, "cue", FIRST),
    ],
)
def test_nonsense_becomes_the_nearest_valid_value_and_is_said(words, name, value):
    choice = choose(words, square, DEVICES)
    assert choice.selection.words()[name] == value
    assert any(sentence.startswith(f"{label(name)}: ") and str(value) in sentence for sentence in choice.replaced)


def test_what_a_link_says_is_repeated_without_its_markdown():
    for word in ("[win](http://evil.example) <img src=x>", "www.evil.example", "`](http://evil.example)`"):
        [sentence] = choose({"r1": word}, square, DEVICES).replaced
        before, repeated, after = sentence.split("`")
        assert not set("[]()<>:/*") & set(repeated)
        assert "evil" not in before + after


def test_a_changed_grid_says_which_ratio_no_longer_fits():
    choice = choose({**TINY, "p1": "32"}, square, DEVICES)  # 7×7 tokens are left
    assert choice.selection.reductions == (7, 3, 1, 1)
    [sentence] = choice.replaced
    for part in ("p₄ = 1", "R₁ = 7", "R₂ = 3", "R₃ = 1"):
        assert part in sentence


def test_a_changed_grid_leaves_powers_of_two_to_a_network_with_weights():
    choice = choose({"p1": "16", "size": "96"}, square, DEVICES)  # 6×6 tokens are left
    assert choice.selection.reductions == (4, 2, 1, 1)
    [sentence] = choice.replaced
    for part in ("p₄ = 1", "R₁ = 4", "R₂ = 2", "R₃ = 1"):
        assert part in sentence


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "picture",
                "model",
                "crop",
                "size",
                "device",
                "p1",
                "p2",
                "p3",
                "p4",
                "r1",
                "r2",
                "r3",
                "r4",
                "seed",
                "clutter",
                "cue",
                "outline",
                "x",
            ]
        ),
        st.one_of(
            st.text(max_size=20),
            st.integers(-5, 1200).map(str),
            st.sampled_from([*PRESETS, "whole", "cat", "scene", "on", *scenes.COLOURS]),
        ),
    ),
    st.integers(32, 300),
    st.booleans(),
)
def test_every_url_opens_on_a_valid_choice_that_its_own_link_reproduces(words, short_side, own):
    def size_of(_picture, crop, size):
        return (size, size) if crop == "square" else (min(short_side, size), size)

    choice = choose(words, size_of, DEVICES, own=own)
    selection = choice.selection
    selection.config.shapes()  # raises where anything does not fit
    if own:  # what its link opens on is what lies under the picture
        picture = selection.picture
        assert choose(selection.query(), size_of, DEVICES).selection.picture == picture
        return
    again = choose(selection.query(), size_of, DEVICES)
    told = [name for name in selection.words() if selection.drawn or name not in OF_SCENES]
    assert {name: again.selection.words()[name] for name in told} == {name: selection.words()[name] for name in told}
    assert again.selection.image_size == selection.image_size
    assert again.selection.config == selection.config
    assert again.replaced == ()
    for name, value in selection.words().items():
        assert value in choice.options[name]


@pytest.mark.parametrize("text", ["0.412,0.538~s1~b2.2.2.2~hm.m.1.3~c0~dq~xs", "-~s4~b1~hm~c1~dk~xo"])
def test_a_view_survives_the_link(text):
    assert View.parse(text).text() == text


def test_the_default_view_is_known_however_it_is_written():
    assert View.parse("-~s1~b999.999.999.999~hm.m.m.m~c0~dq~xo") == View() == View.parse(View().text())


def test_the_last_block_stays_the_last_in_a_deeper_model():
    view = View().merge(View.parse("0.100,0.200~s3~b999~hm~c0~dq~xo"), 4)
    for preset in ("pvt_tiny", "pvt_small"):
        shape = PRESETS[preset].shapes()[2]
        assert view.block(shape) == shape.depth


@pytest.mark.parametrize("text", ["", "nonsense", "2,2~s1~b1~hm~c0~dq~xs", "0.1,0.2~s9~b1~hm~c0~dq~xs", "0.1,0.2"])
def test_a_view_that_is_not_of_the_grammar_is_none(text):
    assert View.parse(text) is None


def test_an_explorer_of_one_stage_changes_that_stage_only():
    shapes = PRESETS["pvt_tiny"].shapes()
    alone = View.parse("0.100,0.200~s3~b1~h4~c0~dq~xo")
    merged = View().merge(alone, len(shapes))
    assert (merged.pin, merged.stage) == ((0.1, 0.2), 3)
    assert [merged.block(s) for s in shapes] == [2, 2, 1, 2]
    assert [merged.head(s) for s in shapes] == [None, None, 4, None]
    assert View.parse(merged.text()) == merged
