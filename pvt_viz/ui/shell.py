"""The script behind every visit: navigation over the pages, the shared sidebar, then the page itself."""

from pathlib import Path

import streamlit as st

from pvt_viz import language
from pvt_viz.ui import pages, reader, sidebar
from pvt_viz.widgets.page_keys import page_language

ROOT = Path(__file__).parents[2]
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
# What Streamlit's own look leaves short of WCAG 2.2 AA: text of at least 4.5:1, a focus that can be seen, and no motion
# for those who ask for none (not of no time at all: what waits for the end of a transition still hears of it).
READABLE = """<style>
.stPlotlyChart :is(.xtick text, .ytick text, .xtitle, .ytitle, .legendtext, .bartext, .annotation-text) {
  fill: currentColor !important;
}
[data-testid="stCaptionContainer"] code { color: inherit; }
.stCode .token:is(.comment, .punctuation) { color: light-dark(#56616c, #9aa5b1) !important; }
.stCode .token:is(.keyword, .function, .class-name) { color: light-dark(#1553b0, #6cb2ff) !important; }
.stCode .token.string { color: light-dark(#0d6b30, #7edc9b) !important; }
.stCode .token:is(.number, .boolean) { color: light-dark(#0d655d, #5fd3c4) !important; }
.stCode .token:is(.operator, .decorator) { color: light-dark(#8f4700, #ffb866) !important; }
#root :is(a, button, summary, [role=combobox], [type=number]):focus-visible,
#root label:has(input:is([type=radio], [type=checkbox]):focus-visible) {
  outline: 2px solid light-dark(#1a5fc4, #5a8ff0);
  outline-offset: 1px;
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { transition-duration: 1ms !important; transition-delay: 0ms !important; }
  * { scroll-behavior: auto !important; }
  :not([data-testid="stSpinner"] *, [data-testid="stStatusWidget"] *) {
    animation-duration: 1ms !important;
    animation-iteration-count: 1 !important;
  }
  .stExpander details { height: auto !important; } /* moved by a script, which only an important rule outdoes */
}
</style>"""

# A picture of our own: a named icon would be fetched from another server.
st.set_page_config(page_title="pvt-viz", page_icon=str(ROOT / "assets" / "icon.png"), layout="wide")
st.html(MARGINS + READABLE)
reader.arrive()
shown = st.navigation(pages.menu())
# A page that is opened again mounts its components anew: they must be told the view of now, not of then.
# A page in another language counts as another page.
turned = st.session_state.get("page_shown") != (shown.url_path, language.current())
if turned:
    st.session_state["page_shown"] = (shown.url_path, language.current())
    st.session_state["page_visit"] = st.session_state.get("page_visit", 0) + 1
with st.sidebar:
    page_language(language.TAGS[language.current()])
st.session_state["scene_of"] = sidebar.show(turned=turned, pictured=pages.current(shown.url_path).pictured)
shown.run()
