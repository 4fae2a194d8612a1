"""Any small configuration, valid or not: every property is tried on these."""

from hypothesis import strategies as st


@st.composite
def small_configs(draw):
    stages = draw(st.integers(1, 4))

    def per_stage(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(stages))

    heads = per_stage(1, 3)
    return {
        "name": "random",
        "image_size": (draw(st.integers(1, 70)), draw(st.integers(1, 70))),
        "patch_sizes": per_stage(1, 5),
        "dims": tuple(h * draw(st.integers(1, 3)) for h in heads),
        "depths": per_stage(1, 2),
        "heads": heads,
        "mlp_ratios": per_stage(1, 2),
        "reductions": per_stage(1, 6),
        "num_classes": 5,
    }


@st.composite
def small_v2_configs(draw):
    """The same for PVTv2: with folds or with linear SRA, and perhaps without classes."""
    linear = draw(st.booleans())
    fields = draw(small_configs())
    if linear:
        fields["reductions"] = (1,) * len(fields["dims"])
    return {**fields, "linear": linear, "num_classes": draw(st.sampled_from([0, 5]))}
