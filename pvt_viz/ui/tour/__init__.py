"""The tour: ten steps, one idea each, every figure the real trace of the picture that is chosen."""

from pvt_viz.ui.tour import (
    answer,
    attention,
    beyond,
    cost,
    embedding,
    fold,
    fused,
    patches,
    stages,
    with_and_without,
)

STEPS = tuple(
    module.STEP
    for module in (
        patches,
        embedding,
        attention,
        fold,
        with_and_without,
        stages,
        answer,
        cost,
        fused,
        beyond,
    )
)
"""In their order."""
