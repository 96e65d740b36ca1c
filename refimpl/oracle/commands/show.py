"""`refimpl show`: a system, or the inputs and the answer of one case."""

import json

from rich.markup import escape
from rich.table import Table

from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates.wire import encode
from refimpl.oracle.judging.answers import expected
from refimpl.oracle.judging.cases import case_id
from refimpl.oracle.output import terminal

LISTS = {
    "cases": "every case, and why it is there",
    "laws": "every law",
    "mistakes": "known mistakes, variants and documented choices",
}


def add_arguments(parser):
    """Arguments of `refimpl show`."""
    parser.add_argument("target", help="<system> or <system>.<operation>")
    for name, text in LISTS.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)
    parser.add_argument("--all", action="store_true", help="all of these")
    parser.add_argument("--case", metavar="SLUG", help="print the inputs and the expected answer of one case, as JSON")


def main(options):
    """`refimpl show`."""
    if options.case:
        operation = catalog.operation(options.target)
        case = next((c for c in operation.cases if options.case in (c.slug, case_id(operation, c))), None)
        if case is None:
            raise ValueError(f"{operation.name} has no case {options.case!r}; it has "
                             f"{', '.join(c.slug for c in operation.cases)}")  # fmt: skip
        answers, tolerances = expected(operation, case, "float64")
        print(
            json.dumps(
                {
                    "case": case_id(operation, case),
                    "flags": case.flags,
                    "why": case.why,
                    "source": case.source or operation.exact_source,
                    "inputs": {name: encode(value) for name, value in case.inputs.items()},
                    "outputs": {name: encode(value) for name, value in answers.items()},
                    "tolerances": {name: encode(value) for name, value in tolerances.items()},
                },
                indent=1,
            )
        )
        return 0
    console = terminal.console()
    system = catalog.system(options.target.partition(".")[0])
    paper = system.paper
    console.print(f"[bold]{system.name}[/] ({system.chapter}): {system.summary}", highlight=False)
    console.print(f"{paper.title}. {paper.authors}. {paper.year}, {paper.address}", highlight=False)
    single = "." in options.target
    for operation in catalog.operations(options.target):
        signature = ", ".join(_field(f) for f in operation.inputs)
        answer = ", ".join(_field(f) for f in operation.outputs)
        console.print(f"\n[bold]{operation.name}[/]({escape(signature)}) -> {escape(answer)}", highlight=False)
        console.print(operation.summary, highlight=False)
        for field in (*operation.inputs, *operation.outputs) if single or options.all else ():
            console.print(f"  {field.name}: {field.told}", highlight=False, markup=False)
        counts = []
        for kind, title, entries, text in (
            ("cases", "cases", operation.cases, lambda c: f"{c.why} ({', '.join(c.flags)})"),
            ("laws", "laws", operation.laws, lambda law: law.statement),
            ("mistakes", "known mistakes", edits.shown_in(operation.name, "mistake"), _with_origin),
            ("mistakes", "variants", edits.shown_in(operation.name, "variant"), _with_origin),
            ("mistakes", "documented choices", edits.shown_in(operation.name, "choice"), _with_origin),
        ):
            if entries and (options.all or getattr(options, kind)):
                table = Table(title, "", box=None, pad_edge=False)
                for entry in entries:
                    table.add_row(entry.slug, text(entry))
                console.print()
                console.print(table)
            elif entries:
                counts.append(f"{len(entries)} {title if len(entries) > 1 else title.removesuffix('s')}")
        if counts:
            console.print(f"  {', '.join(counts)}", highlight=False, style="dim")
    if not (options.all or any(getattr(options, kind) for kind in LISTS)):
        more = "" if single else f"`refimpl show {system.operations[0].name}` describes its inputs and outputs; "
        console.print(f"\n{more}--cases, --laws and --mistakes list them, --all everything", highlight=False)
    return 0


def _with_origin(alternative):
    return alternative.doc + (f" ({alternative.origin})" if alternative.origin else "")


def _field(field):
    if field.kind == "array":
        return f"{field.name}[{field.axes.replace(' ', ', ')}]"
    options = "text" if field.open else "|".join(field.options)
    return f"{field.name}: {options}" if options else field.name
