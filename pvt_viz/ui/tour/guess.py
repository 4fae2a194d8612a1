"""Predict, then reveal: a question first, then the reader's guess beside the real value.

Nothing is scored, and what was guessed is forgotten with the visit. Every function returns whether the real value may
be shown on the page by now; another picture, network or setting asks anew.
"""

import html
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from pvt_viz.language import N_, tr
from pvt_viz.widgets.worked import Board, Box, Line, Term, worked

_KEPT = "tour_guesses"
HALF = 0.02
"""Half the side of the box that marks a click, as a fraction of the picture."""
MARK = (
    "<span style='position:absolute;left:{at:.1f}%;top:0;transform:translateX(-{at:.0f}%);white-space:nowrap;{style}'>"
    "{words}</span>"
)
TICK = (
    "<span style='position:absolute;left:calc({at:.1f}% - {half}rem);top:-0.25rem;width:{side}rem;height:0.8rem;"
    "{style}'></span>"
)
_NEAR = N_(":material/check: You guessed **{guess}**; it is **{truth}**. Very near.")
_MORE = N_(":material/trending_up: You guessed **{guess}**; it is **{truth}**, which is more.")
_LESS = N_(":material/trending_down: You guessed **{guess}**; it is **{truth}**, which is less.")
REAL, YOURS = "background:#3a73d6;border-radius:2px", "border:2px solid currentColor;border-radius:50%;opacity:0.8"


@dataclass(frozen=True)
class Guess:
    """Where the reader stands with one question."""

    subject: tuple
    """What it was asked about."""
    round: int = 0
    """How many times it was asked before: a new round has new widgets."""
    answer: object = None
    """What was guessed; None before that, and for who skips."""
    shown: bool = False
    """Whether the real value is shown."""
    at: float | None = None
    """Where the reader moved the slider; where it stands by itself is nobody's guess."""


def number(key: str, question: str, low: int, high: int, truth: float, *, unit: str = "", log: bool = False) -> bool:
    """A number, on a slider from `low` to `high`; with `log` over 1, 2, 5, 10, …

    `unit` stands behind the numbers: "%" or "×".
    """
    now = _now(key, truth)
    ladder = _ladder(low, high)

    def moved() -> None:
        st.session_state[_KEPT][key] = replace(now, at=st.session_state[_widget(key, now)])

    def control() -> object:
        middle = ladder[len(ladder) // 2] if log else (low + high) // 2
        before = middle if now.at is None else now.at
        where = {"key": _widget(key, now), "label_visibility": "collapsed", "disabled": now.shown, "on_change": moved}
        if log:
            st.select_slider(question, ladder, before, format_func=lambda value: with_unit(value, unit), **where)
        else:
            written = f"%d {unit.replace('%', '%%')}" if unit else "localized"
            st.slider(question, low, high, before, format=written, **where)
        return now.at

    def verdict() -> None:
        real = with_unit(truth, unit)
        if now.answer is None:
            st.markdown(tr(":material/arrow_right: It is **{truth}**.", truth=real))
        else:
            st.markdown(
                tr(_compared(now.answer, truth, high - low, log), guess=with_unit(now.answer, unit), truth=real)
            )
        st.html(_strip(now.answer, truth, low, high, log))

    return _ask(key, now, question, control, verdict)


def choice(key: str, question: str, options: dict[str, str], truth: str) -> bool:
    """One of a few answers: their keys, and their words as they are shown, in this order."""
    now = _now(key, truth)

    def words(option: str) -> str:
        if not now.shown:
            return options[option]
        said = options[option]
        if option == now.answer:
            said = tr("{option} *(your guess)*", option=said)
        return f":material/check_circle: **{said}**" if option == truth else said

    def control() -> object:
        return st.radio(
            question,
            list(options),
            index=list(options).index(now.answer) if now.answer else None,
            format_func=words,
            key=_widget(key, now),
            label_visibility="collapsed",
            disabled=now.shown,
        )

    def verdict() -> None:
        right = options[truth]
        if now.answer is None:
            st.markdown(tr(":material/arrow_right: It is this: {truth}", truth=right))
        elif now.answer == truth:
            st.markdown(tr(":material/check: You guessed it: {truth}", truth=right))
        else:
            st.markdown(
                tr(
                    ":material/compare_arrows: You guessed: {guess}  \nIt is: {truth}",
                    guess=options[now.answer],
                    truth=right,
                )
            )

    return _ask(key, now, question, control, verdict)


def place(key: str, question: str, board: Board, truth: tuple[Box, ...]) -> bool:
    """A place in the picture of a board: a click in any of the `truth` boxes is right."""
    now = _now(key, truth)

    def control() -> object:
        label = tr("Your guess and the real place")
        if not now.shown:  # the line is there already, so that nothing moves later
            waiting = replace(board, rows=(*board.rows, Line(label, (Term("…"),))), pick=True)
            return worked(waiting, key=_widget(key, now))
        real = Term(tr("the real place"), truth, "real")
        yours = () if now.answer is None else (Term(tr("your guess"), (_around(now.answer),), "yours"),)
        marks = (*truth, *(box for term in yours for box in term.boxes))
        line = Line(label, (*yours, real))
        hint = tr("Point at the words to see which is which.")
        return worked(replace(board, rows=(*board.rows, line), marks=marks, hint=hint), key=_widget(key, now))

    def verdict() -> None:
        if now.answer is None:
            st.markdown(tr(":material/arrow_right: The place is outlined in the picture."))
        elif _within(now.answer, truth):
            st.markdown(tr(":material/check: You clicked right into it."))
        else:
            st.markdown(tr(":material/wrong_location: You clicked elsewhere: both places are outlined in the picture."))

    return _ask(key, now, question, control, verdict)


def with_unit(value: float, unit: str) -> str:
    """A number as it is written: whole, or with three digits."""
    written = f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"
    return tr("{ratio}×", ratio=written) if unit == "×" else f"{written} {unit}".strip()


def _now(key: str, truth: object) -> Guess:
    """Where the reader stands with this question about what is chosen now."""
    selected, picture = st.session_state["scene_of"]
    subject = (picture.digest, selected.network.digest, selected.config, truth)
    kept = st.session_state.setdefault(_KEPT, {})
    found = kept.get(key)
    if found is None or found.subject != subject:
        found = kept[key] = Guess(subject, found.round + 1 if found else 0)
    return found


def _widget(key: str, now: Guess) -> str:
    return f"guess_{key}_{now.round}{'_shown' if now.shown else ''}"


def _ask(key: str, now: Guess, question: str, control: Callable[[], object], verdict: Callable[[], None]) -> bool:
    """Question, control, buttons, and a place for the answer that is as high before it as after it."""

    def to(**changes) -> None:
        st.session_state[_KEPT][key] = replace(now, **changes)

    with st.container(border=True, key=f"guess_{key}"):
        st.markdown(f":material/help: **{question}**")
        answer = control()
        with st.container(horizontal=True, key=f"guess_{key}_buttons"):
            if now.shown:
                again = {"round": now.round + 1, "answer": None, "shown": False, "at": None}
                st.button(tr("Ask me again"), key=f"again_{key}", type="tertiary", on_click=to, kwargs=again)
            else:
                st.button(
                    tr("Show me"),
                    key=f"show_{key}",
                    disabled=answer is None,
                    on_click=to,
                    kwargs={"answer": answer, "shown": True},
                )
                st.button(tr("Skip"), key=f"skip_{key}", type="tertiary", on_click=to, kwargs={"shown": True})
        with st.container(key=f"verdict_{key}", gap=None):
            if now.shown:
                verdict()
            else:
                st.caption(tr("Your guess and the real value will stand here."))
    return now.shown


def _within(place: tuple[float, float], boxes: tuple[Box, ...]) -> bool:
    x, y = place
    return any(top <= y < bottom and left <= x < right for top, left, bottom, right in boxes)


def _around(place: tuple[float, float]) -> Box:
    """A small box about a place, within the picture."""
    x, y = (min(max(fraction, HALF), 1 - HALF) for fraction in place)
    return y - HALF, x - HALF, y + HALF, x + HALF


def _ladder(low: int, high: int) -> list[int]:
    """1, 2, 5, 10, 20, … from `low` to `high`."""
    digits = range(len(str(high)))
    return [step * 10**power for power in digits for step in (1, 2, 5) if low <= step * 10**power <= high]


def _compared(guess: float, truth: float, span: float, log: bool) -> str:
    """What is said of a guess beside the real value."""
    near = 0.5 <= guess / truth <= 2 if log else abs(guess - truth) <= 0.05 * span
    if near:
        return _NEAR
    return _MORE if truth > guess else _LESS


def _strip(guess: float | None, truth: float, low: float, high: float, log: bool) -> str:
    """Both on one line, in HTML; the words above say the same."""

    def at(value: float) -> float:
        if log:
            value, ends = math.log(max(value, low, 1)), (math.log(max(low, 1)), math.log(high))
        else:
            ends = (low, high)
        return 100 * min(max((value - ends[0]) / (ends[1] - ends[0]), 0), 1)

    ticks, marks = [], []
    for value, style, half, words in ((guess, YOURS, 0.4, tr("you")), (truth, REAL, 0.15, tr("real"))):
        if value is not None:
            ticks.append(TICK.format(at=at(value), half=half, side=2 * half, style=style))
            top = "top:-2.1rem;" if value is guess else "top:0.15rem;"
            marks.append(MARK.format(at=at(value), style=top, words=html.escape(words)))
    return (
        "<div aria-hidden='true' style='font-size:0.8rem;margin:1.4rem 0.5rem 1.3rem'><div style='position:relative;"
        "height:0.3rem;border-radius:2px;background:color-mix(in srgb, currentColor 18%, transparent)'>"
        f"{''.join(ticks)}</div><div style='position:relative;top:0.15rem'>{''.join(marks)}</div></div>"
    )
