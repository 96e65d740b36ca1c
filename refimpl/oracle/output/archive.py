"""All test vectors as one archive, with what a reader in any language needs."""

import hashlib
import io
import zipfile
from importlib.resources import files

import refimpl
from refimpl.core import disk
from refimpl.oracle import catalog
from refimpl.oracle.output.ours import refuse_foreign
from refimpl.oracle.output.vectors import text, vectors

DATE = (1980, 1, 1, 0, 0, 0)  # the same archive whenever it is made
README = """\
Test vectors of refimpl {version}
{line}

{operations} operations of {systems} systems: inputs, right answers and tolerances, a JSON file for each operation.

vectors/       the files; `schema.json` is their JSON Schema
readers/       programs of at most 60 lines that read them: JavaScript, C, Rust, R, Julia, Go
SHA256SUMS     `sha256sum --check SHA256SUMS`

Arrays are in row-major order. What is not finite is one of the words "NaN", "Infinity", "-Infinity". The answer in
float32 is that to the arrays rounded to float32. A tolerance is the largest absolute error of a component; an answer
that is not finite must be met exactly. Cases with 70,000 numbers are left out.
"""


def write_archive(path, names=None, advance=lambda operation: None, *, force=False):
    """Write the vectors of systems as a ZIP file.

    Parameters
    ----------
    path : path
        Of the file, which is replaced if it is one of ours.
    names : sequence of str, optional
        Of systems; default: all.
    advance : callable, optional
        Is told the name of each operation once it is done.
    force : bool, default: False
        Whether to write over a file that is no archive of vectors.

    Returns
    -------
    int
        The operations in it.

    Raises
    ------
    ValueError
        If a system is unknown, or a file of that name is there and is no archive of vectors.
    OSError
        As of `refimpl.core.disk.write`.
    """
    refuse_foreign("archive", path, force=force)
    systems = [catalog.system(name) for name in names or catalog.heads()]
    operations = [operation for system in systems for operation in system.operations]
    parts = {}
    for operation in operations:
        parts[f"vectors/{operation.name}.json"] = f"{text(vectors(operation))}\n"
        advance(operation.name)
    oracle, title = files(refimpl).joinpath("oracle"), f"Test vectors of refimpl {refimpl.__version__}"
    parts["vectors/schema.json"] = oracle.joinpath("candidates/schemas/vectors.json").read_text(encoding="utf-8")
    for reader in sorted(oracle.joinpath("templates/readers").iterdir(), key=lambda entry: entry.name):
        if reader.name.startswith("read."):
            parts[f"readers/{reader.name}"] = reader.read_text(encoding="utf-8")
    counts = {"operations": len(operations), "systems": len(systems)}
    parts["README.txt"] = README.format(version=refimpl.__version__, line="=" * len(title), **counts)
    sums = "".join(f"{hashlib.sha256(part.encode()).hexdigest()}  {name}\n" for name, part in sorted(parts.items()))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in sorted((parts | {"SHA256SUMS": sums}).items()):
            archive.writestr(zipfile.ZipInfo(f"refimpl-vectors/{name}", DATE), part, zipfile.ZIP_DEFLATED)
    disk.write(path, file.getvalue())
    return len(operations)
