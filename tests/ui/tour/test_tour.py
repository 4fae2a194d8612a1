"""The tour without a browser: every step on every kind of network, guesses, the link, and the numbers on the boards."""

import re

import pytest
import torch
from streamlit.testing.v1 import AppTest

from pvt_viz.ui.tour import STEPS, fold, guess
from touring import boards, line, press, row, scene_of, tour
from visits import PHOTO, go, healthy, text, visit

NETWORKS = {
    "flexi_pvt": {},
    "photo_pvt": {"picture": "cat"},
    "a photograph": {**PHOTO, "size": "64"},
    "PVTv2": {"model": "pvt_v2_b0"},
    "linear SRA": {"model": "pvt_v2_b2_li", "size": "64"},
    "a ViT": {"model": "vit_tiny_16", "size": "64"},
    "rims": {**PHOTO, "size": "96", "p1": "7", "r1": "3", "r4": "1"},
    "R₁ = 1": {"r1": "1"},
    "behind no key": {**PHOTO, "size": "96", "r1": "5", "r2": "1", "view": "0.990,0.990~s1~b999~hm~c0~dq~xs"},
}
FIRST_HALF = ("patches", "embedding", "attention", "fold", "with_and_without")


@pytest.mark.parametrize("query", NETWORKS.values(), ids=NETWORKS)
def test_every_step_draws_for_every_kind_of_network(query):
    app = tour(**query)
    for step in STEPS:
        healthy(app.selectbox(key="step").set_value(step.key).run())
        config = app.session_state["scene_of"][0].config
        assert app.title[0].value == step.titled(config)
        assert app.query_params.get("step", "patches") == step.key
        if step.key in FIRST_HALF:
            assert boards(app)


@pytest.mark.parametrize(
    "query, fold_title, query_title",
    [
        ({}, "R×R tokens become one key", "The same query, with and without SRA"),
        ({"r1": "1"}, "Where every token stays a key", "The same query, with and without SRA"),
        (NETWORKS["a ViT"], "Where every token stays a key", "One query, number by number"),
        (NETWORKS["linear SRA"], "Many tokens become one key", "One query, number by number"),
    ],
)
def test_a_step_is_called_what_the_network_does(query, fold_title, query_title):
    app = tour("fold", **query)
    assert app.title[0].value == fold_title
    assert healthy(app.selectbox(key="step").set_value("with_and_without").run()).title[0].value == query_title


def test_arrow_keys_go_from_token_to_token_whatever_is_drawn():
    [*_, board] = boards(tour("fold", size="112"))
    assert (board["lines"], board["cells"]) == ([3, 3], [28, 28])
    assert board["cut"] == pytest.approx([0, 0, 96 / 112, 96 / 112])  # what fills no square has no lines
    assert board["cellsCut"] == [0, 0, 1, 1]


def test_one_goes_through_by_the_buttons_and_lands_where_the_link_says():
    app = tour()
    assert app.button(key="back_below").disabled
    titles = []
    for _ in STEPS:
        titles.append(app.title[0].value)
        press(app, "next_below")
    assert titles == [step.title for step in STEPS]
    assert app.title[0].value == STEPS[0].title  # from the start
    app = tour("fold")
    assert "**4** of 10" in text(app)
    press(app, "back_below")
    assert app.query_params["step"] == "attention"
    app = healthy(visit(step="folt"))
    assert "`folt`" in app.info[0].value
    assert healthy(go(app, "tour")).title[0].value == fold.STEP.title


def test_the_presenter_has_no_sidebar_and_fewer_words():
    def styles(app: AppTest) -> str:
        return "".join(one.proto.body for one in app.get("html"))

    app = tour()
    assert "stExpandSidebarButton" not in styles(app)
    assert "A common slip" in text(app)
    healthy(app.toggle(key="presenting").set_value(True).run())
    assert app.query_params["presenter"] == "on"
    assert "stExpandSidebarButton" in styles(app)
    assert "A common slip" not in text(app)
    press(app, "next_above")
    assert app.query_params["presenter"] == "on"
    assert tour("fold", presenter="on").toggle(key="presenting").value


def test_a_number_is_guessed_shown_and_forgotten_with_the_picture():
    app = tour()
    assert app.button(key="show_patches").disabled  # where a slider stands by itself is nobody's guess
    app.slider[0].set_value(900).run()
    assert not app.button(key="show_patches").disabled
    press(app, "next_below")
    press(app, "back_below")
    assert app.slider[0].value == 900  # still the guess, though Streamlit forgets a widget that is not drawn
    assert "1,024" not in text(app)
    assert not any("1,024" in term["text"] for term in row(app, "Tokens of this picture")["terms"])
    press(app, "show_patches")
    assert "You guessed **900**; it is **1,024**." in text(app)
    assert line(app, "Tokens of this picture") == "N = ⌊H/p₁⌋ · ⌊W/p₁⌋ = ⌊128/4⌋ · ⌊128/4⌋ = 32 · 32 = 1,024"
    assert app.slider[0].disabled
    press(app, "next_below")
    press(app, "back_below")
    assert "You guessed **900**" in text(app)  # kept for the visit
    press(app, "again_patches")
    assert "You guessed" not in text(app)
    press(app, "skip_patches")
    assert "It is **1,024**" in text(app)
    assert "You guessed" not in text(app)
    healthy(app.number_input(key="seed").set_value(8).run())
    assert "1,024" not in text(app)
    assert app.button(key="show_patches")


@pytest.mark.parametrize(
    "query, entries, growth",
    [
        ({}, 1024**2, "16×"),
        ({"model": "vit_tiny_16", "size": "64"}, 17**2, "14.6×"),  # CLS does not grow
        (NETWORKS["linear SRA"], 256 * 49, "4×"),
    ],
)
def test_the_entries_of_a_map_are_counted_for_this_picture(query, entries, growth):
    app = tour("attention", **query)
    healthy(app.select_slider[0].set_value(1000).run())
    press(app, "show_attention")
    assert f"You guessed **1,000**; it is **{entries:,}**" in text(app)
    assert line(app, "Queries times keys").endswith(f"= {entries:,}")
    assert f"{entries:,}" in str(app.table[0].value)
    assert f"**4×** the tokens, **{growth}** the entries" in text(app)


def test_a_choice_waits_for_an_answer_and_marks_both():
    app = tour("embedding")
    assert app.button(key="show_embedding").disabled
    app.radio[0].set_value("colours").run()
    press(app, "show_embedding")
    assert "You guessed: The colours of the picture" in text(app)
    assert "It is: Nothing" in text(app)
    assert any("check_circle" in option for option in app.radio[0].options)
    press(app, "again_embedding")
    app.radio[0].set_value("nothing").run()
    press(app, "show_embedding")
    assert "You guessed it: Nothing" in text(app)


@pytest.mark.parametrize("place, said", [((0.3, 0.3), "right into it"), ((0.9, 0.1), "elsewhere")])
def test_a_place_is_clicked(place, said):
    app = tour("fold")
    assert app.button(key="show_fold").disabled
    assert "behind key 11?" not in text(app)  # that one is marked already
    assert "behind key 6?" in text(app)
    assert not boards(app)[0]["marks"]
    app.session_state["guess_fold_0"] = {"place": list(place)}
    healthy(app.run())
    press(app, "show_fold")
    assert said in text(app)
    assert [0.25, 0.25, 0.5, 0.5] in boards(app)[0]["marks"]  # key 6 of 4 rows of 4


def test_guesses_are_compared_in_words_with_their_scale():
    near, more, less = guess._NEAR, guess._MORE, guess._LESS
    assert [guess._compared(value, 50, 100, log=False) for value in (47, 20, 80)] == [near, more, less]
    assert [guess._compared(value, 1000, 10**6, log=True) for value in (2000, 200, 5000)] == [near, more, less]
    assert guess._ladder(10, 500) == [10, 20, 50, 100, 200, 500]
    assert [guess.with_unit(64, unit) for unit in ("", "%", "×")] == ["64", "64 %", "64×"]


@pytest.mark.parametrize("name", ["flexi_pvt", "PVTv2", "a ViT", "rims"])
def test_the_embedding_on_the_board_is_what_the_layer_makes_of_those_pixels(name):
    app = tour("embedding", **NETWORKS[name])
    scene = scene_of(app)
    embed = scene.studio.network_of(scene).stages[0].embed
    pixels = torch.tensor(row(app, "Its pixels")["values"])
    made = embed.norm(embed.project(pixels)).detach()
    torch.testing.assert_close(torch.tensor(row(app, "One linear layer")["values"]), made, atol=1e-4, rtol=1e-4)
    if scene.selection.config.version == 1:
        token, position = (torch.tensor(row(app, start)["values"]) for start in ("= the token", "+ the position"))
        torch.testing.assert_close(made + position, token, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["flexi_pvt", "PVTv2", "rims"])
def test_the_fold_on_the_board_is_what_the_layer_makes_of_those_tokens(name):
    app = tour("fold", **NETWORKS[name])
    scene = scene_of(app)
    reduce = scene.studio.network_of(scene).stages[0].blocks[-1].attention.reduce
    tokens = torch.tensor(row(app, "Laid end to end")["values"])
    made = reduce.norm(reduce.project(tokens)).detach()
    torch.testing.assert_close(torch.tensor(row(app, "One linear layer")["values"]), made, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["flexi_pvt", "a ViT", "linear SRA"])
def test_the_query_is_followed_number_by_number(name):
    app = tour("with_and_without", **NETWORKS[name])
    if name == "a ViT":
        healthy(app.segmented_control(key="tour_head").set_value(3).run())
    block = scene_of(app).trace.stages[0].blocks[-1]
    shape = block.shape
    head = 2 if name == "a ViT" else 0
    query = shape.n_prefix + shape.grid[0] // 2 * shape.grid[1] + shape.grid[1] // 2
    shown = torch.tensor(row(app, "Softmax: the same")["values"]) / 100
    assert re.search(r"strongest key \((key \d+|CLS)\)", row(app, "Score of")["label"])
    torch.testing.assert_close(shown, block.attention[0, head, query, shape.n_prefix :], atol=1e-5, rtol=1e-4)
    answer = torch.tensor(row(app, "Σ weight·v")["values"])
    torch.testing.assert_close(answer, block.mixed[0, head, query], atol=1e-4, rtol=1e-4)
    sums = line(app, "The first number of Σ").replace("−", "-").replace("·", "*").split(" = ")
    assert eval(sums[0]) == pytest.approx(float(sums[1]), abs=0.03)


def test_a_token_on_the_rim_is_behind_no_key():
    app = tour("fold", **NETWORKS["behind no key"])
    assert line(app, "The marked token fills no square") == "–"
    assert "4 rows and 4 columns of tokens fill no square" in text(app)


def test_where_stage_1_is_too_heavy_a_later_one_shows_every_token_as_a_key(monkeypatch):
    monkeypatch.setenv("PVT_VIZ_TRACE_LIMIT_MB", "8")
    app = tour("attention")
    assert "256 tokens of stage 2 look at 256 keys" in text(app)
    assert "too heavy" in text(app)
    healthy(app.selectbox(key="step").set_value("with_and_without").run())
    assert "this app stops at 8 MB" in app.warning[0].value
    assert row(app, "Softmax: the same")


def test_a_head_is_chosen_for_all_pages():
    app = tour("with_and_without", **NETWORKS["a ViT"])
    healthy(app.segmented_control(key="tour_head").set_value(2).run())
    assert "head 2" in row(app, "q: ")["label"]
    assert "~h2~" in app.query_params["view"]


def test_with_and_without_are_compared_on_the_same_picture():
    app = tour("with_and_without")
    press(app, "skip_with_and_without")
    assert "16 folded keys (R₁ = 8), and all 1,024 tokens (R₁ = 1)" in text(app)
    assert "It is **67 %**" in text(app)
    chosen = text(app)
    app = tour("with_and_without", r1="1")  # the same pair, seen from the other side
    press(app, "skip_with_and_without")
    for said in ("16 folded keys", "It is **67 %**"):
        assert said in chosen
        assert said in text(app)
