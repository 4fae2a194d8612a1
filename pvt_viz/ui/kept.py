"""What is computed for one visitor is kept while the visit lasts."""

from collections.abc import Callable
from functools import wraps

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


def for_visit(*, most: int) -> Callable[[Callable], Callable]:
    """Keep the `most` recent results of a function in each visit; arguments that begin with "_" do not tell them apart.

    Where there is no visitor (a script that runs without a server) nothing is kept.
    """

    def decorate(function: Callable) -> Callable:
        kept = st.cache_resource(max_entries=most, show_spinner=False, scope="session")(function)

        @wraps(function)
        def call(*args):
            return (function if get_script_run_ctx(suppress_warning=True) is None else kept)(*args)

        call.clear = kept.clear
        return call

    return decorate
