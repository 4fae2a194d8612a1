"""The script behind every visit: navigation over the pages, the shared sidebar, then the page itself."""

from pathlib import Path

import streamlit as st

from pvt_viz import language, places
from pvt_viz.ui import pages, ready
from pvt_viz.ui.choosing import reader, sidebar
from pvt_viz.widgets.page_keys import page_language, page_manners

LOOK = Path(__file__).with_name("look.css")

reader.arrive()
with ready.garbage.run(), language.speaking(language.current()):
    # A picture of our own: a named icon would be fetched from another server.
    st.set_page_config(page_title="pvt-viz", page_icon=str(places.ASSETS / "icon.png"), layout="wide")
    st.html(LOOK)
    shown = st.navigation(pages.menu())
    # A page that is opened again mounts its components anew: they must be told the view of now, not of then.
    # A page in another language counts as another page.
    turned = st.session_state.get("page_shown") != (shown.url_path, language.current())
    if turned:
        st.session_state["page_shown"] = (shown.url_path, language.current())
        st.session_state["page_visit"] = st.session_state.get("page_visit", 0) + 1
    with st.sidebar:
        page_language(language.TAGS[language.current()])
        page_manners()
    st.session_state["scene_of"] = sidebar.show(turned=turned, pictured=pages.current(shown.url_path).pictured)
    shown.run()
