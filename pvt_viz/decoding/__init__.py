"""A stranger's file -> 8 bits of sRGB: what each format says beside its pixels, and what has to be assumed.

`pvt_viz.images` asks these modules; each knows one thing and none knows another format.
"""
