"""How a trace shows itself: in one line of text, and in a notebook as the explorer that the app has.

`tracing` knows nothing of pictures or browsers, so what it makes is told here how to appear.
"""

from html import escape

import torch
from PIL import Image

from pvt_viz import images
from pvt_viz.language import spaced, tr
from pvt_viz.tracing import BlockTrace, StageTrace, Trace
from pvt_viz.words import times

_BUDGET_BYTES = 12_000_000
"""Less than a page may be sent: a notebook keeps on disk what it shows."""
# As high as the window lets it be, and no higher than what there is to see.
_FRAME = "width: 100%; height: 90vh; min-height: 35rem; max-height: 1850px; border: 0"


def explorer(trace: Trace, index: int = 0) -> str:
    """HTML that shows one image of a trace in the attention explorer, locked away from the rest of the notebook."""
    # Only when somebody looks: a widget is no part of what `import pvt_viz` needs.
    from pvt_viz.widgets.attention_explorer import standalone
    from pvt_viz.widgets.attention_explorer.payload import pack

    size = times(tuple(trace.image.shape[-2:]))
    title = tr("What {name} looks at", name=trace.config.name)
    about = [tr("The picture as the network saw it, {size} px.", size=size)]
    if len(trace.image) > 1:
        about.append(tr("Image {number} of {count}.", number=index + 1, count=len(trace.image)))
    if not trace.weights.trained:
        about.append(tr("Its weights are random: what it looks at says nothing about pictures."))
    blob = pack(trace, pictured(trace, index), index=index, alt=about[0], budget_bytes=_BUDGET_BYTES)
    document = escape(standalone.page(blob, title=title, caption=spaced(*about)))
    return f'<iframe srcdoc="{document}" sandbox="allow-scripts" title="{escape(title)}" style="{_FRAME}"></iframe>'


def pictured(trace: Trace, index: int = 0) -> Image.Image:
    """What a model was shown, with its normalisation undone; channels that are not red, green and blue as one grey.

    Where each picture was normalised by itself, its least value becomes black and its greatest white.
    """
    config, image = trace.config, trace.image[index : index + 1]
    if config.standardise:
        image = (image - image.min()) / (image.max() - image.min()).clamp(min=1e-6)
    else:
        mean, std = (image.new_tensor(values).view(1, -1, 1, 1) for values in (config.mean, config.std))
        image = image * std + mean
    if image.shape[1] != 3:
        image = image.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    return images.from_tensor(torch.nan_to_num(image).clamp(0, 1))[0]


def _trace_in_a_line(trace: Trace) -> str:
    batch, _, height, width = trace.image.shape
    trained = trace.weights.source if trace.weights.trained else "random weights"
    return (
        f"<Trace of {trace.config.name} ({trained}): {batch} of {times((height, width))} px, "
        f"attention per stage {', '.join(_attention(stage) for stage in trace.stages)}>"
    )


def _stage_in_a_line(stage: StageTrace) -> str:
    tokens, blocks = times(stage.grid), len(stage.blocks)
    return f"<StageTrace {stage.shape.index}: {tokens} tokens, {blocks} blocks of attention {_attention(stage)}>"


def _block_in_a_line(block: BlockTrace) -> str:
    return f"<BlockTrace of stage {block.shape.index}: attention {_attention(block)}>"


def _attention(of: StageTrace | BlockTrace) -> str:
    """head×query×key."""
    return times((of.shape.heads, of.shape.queries, of.shape.keys))


Trace._repr_html_ = explorer
Trace.__repr__ = _trace_in_a_line
StageTrace.__repr__ = _stage_in_a_line
BlockTrace.__repr__ = _block_in_a_line
