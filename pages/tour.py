"""The tour: what a Pyramid Vision Transformer does, in ten steps on the picture that is chosen."""

from pvt_viz.ui import parts
from pvt_viz.ui.choosing import pagewords
from pvt_viz.ui.looking import code, explorer, takeaway
from pvt_viz.ui.tour import STEPS, behind, frame

frame.show(STEPS)
if not frame.presenting():
    scene = parts.scene_or_stop()
    code.show(*behind.lines(pagewords.told("step"), scene.selection.config))
    takeaway.offer(lambda: behind.pictures(scene), key="tour", explorer=lambda: explorer.file(scene))
