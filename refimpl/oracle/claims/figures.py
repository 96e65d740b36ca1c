"""Figures of claims as the pages show them: small files, kept beside the ledger."""

import base64
import io

from PIL import Image

from refimpl.core import disk

LARGEST = 40_000  # bytes of a file
# Colors and scale, best first: few colors cost a drawing nothing, a smaller one its fine print.
ATTEMPTS = ((256, 1.0), (64, 1.0), (32, 1.0), (16, 1.0), (32, 0.75), (16, 0.75), (16, 0.5), (8, 0.4))


def small(png):
    """The picture with a palette, in at most `LARGEST` bytes.

    Parameters
    ----------
    png : bytes
        As an experiment's plot was saved.

    Returns
    -------
    bytes
        PNG; the same for the same picture.

    Raises
    ------
    ValueError
        If it is so full of detail that nothing worth looking at fits.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> Image.effect_noise((700, 400), 100).save(stream, "png")
    >>> len(stream.getvalue()) > LARGEST >= len(small(stream.getvalue()))
    True
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colors, scale in ATTEMPTS:
        size = [round(scale * n) for n in picture.size]
        part = picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        part.quantize(colors, dither=Image.Dither.NONE).save(stream, "png", optimize=True)
        if stream.tell() <= LARGEST:
            return stream.getvalue()
    raise ValueError(f"the figure must fit into {LARGEST} bytes; with {colors} colors it takes {stream.tell()}")


def save(folder, records, known):
    """Bring the committed figures up to date.

    Parameters
    ----------
    folder : pathlib.Path
        Gets ``<id>.png`` for each record with a figure; those of other claims stay, if they are still `known`.
    records, known
        As for `save_ledger`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        path = folder / f"{record['id']}.png"
        if record["figure"]:
            disk.write(path, small(base64.b64decode(record["figure"])))
        else:
            path.unlink(missing_ok=True)
    for path in folder.glob("*.png"):
        if path.stem not in known:
            path.unlink()
