"""Pictures as bytes, made once: encoding costs more than drawing."""

import io

from PIL import Image


def png(picture: Image.Image) -> bytes:
    """For cells of one colour: exact, and small even when packed in haste."""
    return _encoded(picture, "PNG", compress_level=1)


def jpeg(picture: Image.Image) -> bytes:
    """For photographs, with fine lines on them."""
    return _encoded(picture, "JPEG", quality=90, subsampling=0)


def _encoded(picture: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
