"""The pictures of the README: ``python -m tests.docs.readme_pictures``, after ``make oracle docs``.

Two are looks at what these made, through the browser of the tests; one is a figure of the tutorial on CBO.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.chromium import Browser

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs/_static/readme"
WIDTH = 760  # pixels; what GitHub shows without scaling


def look(browser, page, part, width, name):
    """What a page shows of a part of it, in a window of this width."""
    browser.width(width)
    browser.open((ROOT / "build" / page).as_uri())
    browser.run("window.MathJax?.startup?.promise")
    place = f"(box => [box.left, box.top + scrollY, box.right, box.bottom + scrollY])({part}.getBoundingClientRect())"
    left, top, right, bottom = browser.run(place)
    with tempfile.TemporaryDirectory() as folder:
        browser.picture(Path(folder, "shot.png"), most=100_000)
        with Image.open(Path(folder, "shot.png")) as image:
            save(image.crop((int(left) - 8, int(top) - 8, int(right) + 8, int(bottom) + 8)), name)


def save(image, name):
    """With few colors: a small file."""
    image = image.convert("RGB")
    image.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    image.quantize(256).save(PICTURES / f"{name}.png", optimize=True)
    print(PICTURES / f"{name}.png")


def main():
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, ROOT / "tutorials/search/cbo.py", "--save", folder], check=True)
        with Image.open(Path(folder, "cbo-1.png")) as image:
            save(image, "run")
        browser = Browser(folder)
        look(browser, "docs/optimizers/lion.html", "document.querySelector('#lion .beside')", 1500, "read")
        look(browser, "report/index.html", "document.querySelector('#implementations table')", 960, "check")
        browser.close()


if __name__ == "__main__":
    main()
