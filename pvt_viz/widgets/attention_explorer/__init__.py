"""The attention explorer: point at a place in a picture and see what every stage's token there attends to.

    blob = pack(trace, picture, view=st.query_params.get("view", ""))
    view = mounted.attention_explorer(blob, key="explorer")  # on a page of Streamlit's
    html = standalone.page(blob, title="What does it look at?")  # a file of its own, for any browser

Everything is sent once; blocks, heads, scales and the pointer live in the browser. Python hears only of pins and
of changed controls, as one short string that a shared link can carry. Only `mounted` needs Streamlit.
"""

from pvt_viz.widgets.attention_explorer.payload import pack

__all__ = ["pack"]
