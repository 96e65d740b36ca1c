"""`refimpl vectors`: test vectors of a system, or all of them as one archive."""

import contextlib
from pathlib import Path

from refimpl.core import disk
from refimpl.oracle import catalog
from refimpl.oracle.output import archive, progress, vectors


def add_arguments(parser):
    """Arguments of `refimpl vectors`."""
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="<system> or <system>.<operation>")
    text = "folder of the files; with --all a file, ending in .zip"
    parser.add_argument("--out", metavar="DIR", required=True, help=text)
    text = "one archive of all systems, or of the named ones, with schema, checksums and readers in six languages"
    parser.add_argument("--all", action="store_true", help=text)
    parser.add_argument("--check", action="store_true", help="compare the folder with what would be written")
    parser.add_argument("--force", action="store_true", help="write over files that are no vectors of refimpl")


def main(options):
    """`refimpl vectors`; 1 if a folder to check differs."""
    if options.all:
        return _all(options)
    if not options.targets:
        raise ValueError("name a system or an operation, or take --all")
    with contextlib.nullcontext() if options.check else disk.alone_in(options.out):
        for target in options.targets:
            if options.check:
                difference = vectors.check_vectors(target, options.out)
                if difference:
                    print(difference)
                    return 1
                paths = [Path(options.out) / f"{operation.name}.json" for operation in catalog.operations(target)]
            else:
                paths = vectors.write_vectors(target, options.out, force=options.force)
            for path in paths:
                data = vectors.load(path)
                counts = f"{data['numberOfCases']} cases, {data['numberOfErrorCases']} error cases"
                print(f"{path}: {counts}{', as the code writes them' * options.check}")
    return 0


def _all(options):
    if options.check or not options.out.endswith(".zip"):
        raise ValueError("--all writes a file that ends in .zip, without --check")
    heads = catalog.heads()
    total = sum(len(heads[name].operations) for name in options.targets or heads if name in heads)
    with progress.bar("measuring tolerances", total) as advance:
        count = archive.write_archive(options.out, options.targets or tuple(heads), advance, force=options.force)
    print(f"{options.out}: {count} operations")
    return 0
