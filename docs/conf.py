"""Sphinx configuration; `make docs` builds the site and fails on any warning."""

import sys
from pathlib import Path

from refimpl import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "refimpl"
author = "The refimpl authors"
copyright = "The refimpl authors"
release = version = __version__

extensions = [
    "refimpl_docs",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinxcontrib.bibtex",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",  # copies MathJax into the site and points at the copy
]
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/**/*.py"]
templates_path = ["_templates"]
smartquotes = False  # the tables quote code: two dashes stay two dashes

autosummary_generate = True
numpydoc_show_class_members = False  # the fields of a state are told by its comments and its docstring
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more: shapes, ranges

bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"

tutorials = sorted(path.parent for path in (Path(__file__).parents[1] / "tutorials").glob("*/GALLERY_HEADER.rst"))
sphinx_gallery_conf = {
    "examples_dirs": [str(folder) for folder in tutorials],
    "gallery_dirs": [f"gallery/{folder.name}" for folder in tutorials],
    "filename_pattern": r"\.py$",
    "backreferences_dir": "_generated/backreferences",
    "doc_module": ("refimpl",),
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "refimpl"
html_sidebars = {page: [] for page in ("index", "oracle", "claims", "conformance/*")}  # nothing below them
html_static_path = ["_static"]
html_css_files = ["refimpl.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "refimpl"},
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
}
