"""The tour: what a Pyramid Vision Transformer does, in ten steps on the picture that is chosen."""

from pvt_viz.ui.tour import STEPS, frame

frame.show(STEPS)
