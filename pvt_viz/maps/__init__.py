"""Attention maps of many pictures, as files: `pvt-viz maps PICTURES --out DIR`.

`pictures` finds and names them, `wanted` says which blocks, heads and queries, `arrays` and `overlays` make the files
of one picture, `folder` keeps them and knows which are there, `run` goes from picture to picture.
"""
