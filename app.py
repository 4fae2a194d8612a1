"""The server: `streamlit run app.py` finds `app`, warms it up once, and serves the shell to every visitor."""

import asyncio
from contextlib import asynccontextmanager

import streamlit as st
from starlette.formparsers import MultiPartParser
from starlette.responses import JSONResponse
from starlette.routing import Route

from pvt_viz import places
from pvt_viz.language import tr


@asynccontextmanager
async def lifespan(_app):
    # Not before the server lives: Streamlit's caches look for it as they are made, and warn where it is not.
    from pvt_viz.ui import ready

    ready.make()
    collecting = asyncio.create_task(ready.garbage.collect())
    yield
    collecting.cancel()


async def health(_request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def say_sorry(_error: Exception) -> bool:
    """A sentence instead of a traceback, which goes to the server's log alone."""
    st.error(tr("This page could not be drawn. Your choices are kept: change one, or open another page."))
    return True


# Pictures and weights stay in memory: by default what is larger than 1 MB would wait in a temporary file.
MultiPartParser.spool_max_size = (st.get_option("server.maxUploadSize") + 1) * 1024**2

app = st.App(
    places.PACKAGE / "ui" / "shell.py",
    lifespan=lifespan,
    routes=[Route("/health", health)],
    on_script_error=say_sorry,
)
