"""`pvt-viz app`: start the Streamlit app, which lies beside the package or inside of it."""

import runpy
import sys
from importlib.util import find_spec

from pvt_viz import places
from pvt_viz.language import say

NEEDED = ("streamlit", "plotly")
"""What the extra `app` brings (pyproject.toml)."""


def start(arguments: list[str]) -> None:
    """Serve the app until this process ends; `arguments` are those of `streamlit run`.

    Raises ValueError, with a sentence that says what to install, where the app cannot run.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ValueError(
            say(
                "{missing} must be installed for this; `pip install 'pvt-viz[app]'` brings it.",
                missing=", ".join(missing),
            )
        )
    # As `python -m streamlit` does: another program, of which nothing here is imported.
    sys.argv = ["streamlit", "run", str(places.APP), *arguments]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
