"""The script behind every visit: navigation over the pages, the shared sidebar, then the page itself."""

from pathlib import Path

import streamlit as st

from pvt_viz.ui import sidebar

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "pages"
# Streamlit leaves a wide margin around the page: the explorer's four panels should fit one screen of 1280×800.
MARGINS = """<style>
.stMainBlockContainer { padding: 4.1rem clamp(1rem, 3vw, 3rem) 4rem; max-width: 1500px; }
.stMainBlockContainer h1 { padding-top: 0; font-size: 1.9rem; }
.st-key-source button { padding-inline: 0.3rem; min-width: 0; } /* four sources in one row of the sidebar */
.st-key-source button p { font-size: 0.85rem; }
@media (max-width: 640px) { /* two figures side by side instead of one: half the way to scroll */
  .stMainBlockContainer [data-testid="stColumn"] { min-width: calc(50% - 1rem) !important; }
  .stMainBlockContainer [class*="st-key-wide"] [data-testid="stColumn"] { min-width: 100% !important; }
}
</style>"""

# A picture of our own: a named icon would be fetched from another server.
st.set_page_config(page_title="pvt-viz", page_icon=str(ROOT / "assets" / "icon.png"), layout="wide")
st.html(MARGINS)
page = st.navigation(
    [
        st.Page(PAGES / "pyramid.py", title="Pyramid", icon=":material/stacks:", default=True),
        st.Page(
            PAGES / "attention.py",
            title="Attention",
            icon=":material/center_focus_strong:",
            url_path="attention",
        ),
        st.Page(PAGES / "reduction.py", title="Reduction", icon=":material/grid_view:", url_path="reduction"),
        st.Page(PAGES / "evidence.py", title="Evidence", icon=":material/troubleshoot:", url_path="evidence"),
        st.Page(PAGES / "trade_off.py", title="Trade-off", icon=":material/tune:", url_path="trade-off"),
        st.Page(PAGES / "learning.py", title="Learning", icon=":material/school:", url_path="learning"),
        st.Page(PAGES / "cost.py", title="Cost", icon=":material/balance:", url_path="cost"),
    ]
)
# A page that is opened again mounts its components anew: they must be told the view of now, not of then.
turned = st.session_state.get("page_shown") != page.url_path
if turned:
    st.session_state["page_shown"] = page.url_path
    st.session_state["page_visit"] = st.session_state.get("page_visit", 0) + 1
st.session_state["scene_of"] = sidebar.show(turned=turned, pictured=page.url_path != "cost")
page.run()
