"""What was measured of the network as it is chosen."""

from pvt_viz import report
from pvt_viz.choices.selection import Selection
from pvt_viz.models.flexible import PSEUDO_INVERSE
from pvt_viz.picture import Picture
from pvt_viz.report import PHOTOGRAPHS, SCENES


def accuracy(selection: Selection) -> float | None:
    """At the chosen p_i and R_i, on held-out scenes of the report's side; None where it was not measured.

    Kernels were resized by the pseudo-inverse then: of a network whose kernels are resized otherwise nothing is known.
    """
    found = report.load(selection.network.config.name)
    return None if found is None or resized_otherwise(selection) else found.accuracy(selection.config)


def kind(selection: Selection, picture: Picture) -> str:
    """The kind of pictures that a network was measured on; of one that was not, that of the picture at hand."""
    found = report.load(selection.network.config.name)
    return kind_of(picture) if found is None else found.kind


def kind_of(picture: Picture) -> str:
    """Whether it is drawn, or a photograph (a sample, or whatever a visitor brings)."""
    return PHOTOGRAPHS if picture.scenes is None else SCENES


def resized_otherwise(selection: Selection) -> bool:
    """Whether kernels are resized in another way than they were for the measurements."""
    return selection.resized and selection.kernels != PSEUDO_INVERSE
