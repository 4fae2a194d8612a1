"""What is wrong with a stranger's file, as one sentence."""


class ImageError(ValueError):
    """A file that cannot become a picture; its text is one sentence for the person who chose the file.

    `tr` can translate it.
    """
