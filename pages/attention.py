"""The explorer: one pointer, every stage, every head."""

import streamlit as st

from pvt_viz.language import tr
from pvt_viz.lesson import plates
from pvt_viz.ui import parts
from pvt_viz.ui.choosing import view
from pvt_viz.ui.looking import answer, code, ending, explorer

st.title(tr("What does a place look at?"), anchor=False)
scene = parts.scene_or_stop()
st.markdown(
    tr(
        "Each panel is an attention heatmap: what the token of its stage under your pointer looks at. The wall below"
        " shows each head by itself. Click to pin the query: the link in the address bar then opens on the same place."
    )
)
answer.show(scene)
parts.honest_line(scene)
explorer.show(scene, key="attention_explorer", wall=True)
code.show("attention", "footprint")

with st.expander(tr("How to read it")):
    st.markdown(
        tr("""
- **Query**: the outlined token. **Keys**: the cells painted over the picture; brighter means more weight. For one query
  the weights of all keys sum to 100 %.
- **A key is a square of R×R tokens** of its stage, folded into one. At stage 1 of the default network that is
  8×8 tokens of 4×4 px: 32×32 px. So every stage ends up with 4×4 keys at 128×128 px, and 7×7 at 224×224. The linear SRA
  of PVTv2 (pvt_v2_b2_li) averages the tokens to 7×7 keys instead, whatever the picture.
- **Colour scale**: "one scale for all stages" starts at 0, and a colour is the same weight in every panel; "each map
  its own" spans from a map's least to its greatest weight, to show faint differences. The two ends are printed either
  way, and beside them the weight that every key would get if the query looked at all of them alike (uniform).
- **CLS** is the token that the answer is read from. It enters at the last stage, sees everything and is itself a key.
  PVTv2 has none: it answers from the mean of the last stage's tokens. A DeiT may have a second, the distillation token.
- **Who looks at this place?** turns the question round: the R×R footprint of one key, and how much weight each query
  gives it.
""")
    )
ending.show(scene, lambda: plates.attention(scene, view.current()), key="attention")
