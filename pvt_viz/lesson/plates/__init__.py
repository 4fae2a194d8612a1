"""What can be taken away from a page, picture by picture: as the page shows it, with the numbers of the trace.

Each gives the plates of a scene in the reader's language; call them where the language is known, not in a cache.
"""

from pvt_viz.lesson.plates.attention import attention, side_by_side
from pvt_viz.lesson.plates.evidence import evidence
from pvt_viz.lesson.plates.pyramid import pyramid
from pvt_viz.lesson.plates.reduction import reduction

__all__ = ["attention", "evidence", "pyramid", "reduction", "side_by_side"]
