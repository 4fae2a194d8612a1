"""How the scene networks were trained: `python -m pvt_viz.train` goes from nothing to the shipped files."""
