"""Streamlit's controls for values that are told (`told.tell`): the same, each with its value as its default, too.

A browser that mounts a control anew in the middle of a run (others above it have come or gone, and the run was cut by
the next action) has forgotten its value, and sends its default with the next action as if somebody had chosen it.
"""

from collections.abc import Sequence

import streamlit as st


def selectbox(label: str, options: Sequence, *, key: str, **rest):
    return st.selectbox(label, options, list(options).index(st.session_state[key]), key=key, **rest)


def select_slider(label: str, options: Sequence, *, key: str, **rest):
    return st.select_slider(label, options, st.session_state[key], key=key, **rest)


def slider(label: str, low: int, high: int, *, key: str, **rest):
    return st.slider(label, low, high, st.session_state[key], key=key, **rest)


def number_input(label: str, low: int, high: int, *, key: str, **rest):
    return st.number_input(label, low, high, st.session_state[key], key=key, **rest)


def segmented_control(label: str, options: Sequence, *, key: str, **rest):
    """One of them is always chosen."""
    return st.segmented_control(label, options, default=st.session_state[key], required=True, key=key, **rest)


def pills(label: str, options: Sequence, *, key: str, **rest):
    """Any number of them."""
    return st.pills(label, options, selection_mode="multi", default=st.session_state[key], key=key, **rest)


def toggle(label: str, *, key: str, **rest):
    return st.toggle(label, st.session_state[key], key=key, **rest)
