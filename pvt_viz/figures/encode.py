"""Pictures as bytes, made once: encoding costs more than drawing."""

import io
from collections.abc import Mapping

from PIL import Image
from PIL.PngImagePlugin import PngInfo


def png(picture: Image.Image, about: Mapping[str, str] | None = None) -> bytes:
    """For cells of one colour: exact, and small even when packed in haste; `about` goes along as texts."""
    texts = PngInfo()
    for name, text in (about or {}).items():
        texts.add_text(name, text)
    return _encoded(picture, "PNG", compress_level=1, pnginfo=texts)


def jpeg(picture: Image.Image) -> bytes:
    """For photographs, with fine lines on them."""
    return _encoded(picture, "JPEG", quality=90, subsampling=0)


def _encoded(picture: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
