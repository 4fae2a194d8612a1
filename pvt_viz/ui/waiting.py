"""Words for those who wait."""

from contextlib import AbstractContextManager, nullcontext

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


def waiting(words: str) -> AbstractContextManager:
    """A spinner with these words where a visitor waits; nothing where nobody does, as when the server warms up."""
    return nullcontext() if get_script_run_ctx(suppress_warning=True) is None else st.spinner(words)
