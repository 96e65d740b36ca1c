"""`refimpl diff`: what has changed from one report file to the next."""

from refimpl.oracle.output import data, results, terminal


def add_arguments(parser):
    """Arguments of `refimpl diff`."""
    parser.add_argument("before", metavar="A")
    parser.add_argument("after", metavar="B")
    parser.add_argument("--format", choices=("rich", "json"), default="rich")


def main(options):
    """`refimpl diff`: 0 the same, 1 different, 2 (by an exception) unreadable."""
    difference = results.diff(results.read_report(options.before), results.read_report(options.after))
    if options.format == "json":
        print(data.json_difference(difference))
    else:
        terminal.console().print(terminal.rich_difference(difference))
    return int(not difference.same)
