"""`pvt-viz app`: start the Streamlit app, which lies beside the package or inside of it."""

from importlib.util import find_spec
from typing import NoReturn

from pvt_viz import places
from pvt_viz.language import say

NEEDED = ("streamlit", "plotly")
"""What the extra `app` brings (pyproject.toml)."""


def check() -> None:
    """Raises ValueError, with a sentence that says what to install, where the app cannot run."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ValueError(
            say(
                "{missing} must be installed for this; `pip install 'pvt-viz[app]'` brings it.",
                missing=", ".join(missing),
            )
        )


def start(arguments: list[str]) -> NoReturn:
    """Serve the app until this process ends; `arguments` are those of `streamlit run`. Raises ValueError as `check`."""
    check()
    from streamlit.web import cli

    cli.main(["run", str(places.APP), *arguments], prog_name="streamlit")
