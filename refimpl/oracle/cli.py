"""The command line: `refimpl list | show | check | practice | diff | vectors | claims | new | oracle | report`."""

import argparse
import io
import sys

from refimpl import __version__
from refimpl.oracle import mainjob, scaffold
from refimpl.oracle.catalog import UnknownNameError
from refimpl.oracle.claims import command as claims
from refimpl.oracle.commands import check, diff, practice, show, systems
from refimpl.oracle.output import terminal, vectors

COMMANDS = {  # name -> what it does; the module that does it has `add_arguments` and `main`
    "list": ("List the systems, and the papers still to come.", systems),
    "show": ("Show a system: its operations, inputs, outputs, cases, laws and mistakes.", show),
    "check": ("Judge an implementation.", check),
    "practice": ("Write a file to fill in: the signature of an operation and its equations.", practice),
    "diff": ("Compare two report files of `refimpl check --report`.", diff),
    "vectors": ("Write cases and expected answers as JSON files, for tests in any language.", vectors),
    "claims": ("Check the claims of the papers.", claims),
    "new": ("Scaffold the rooms of a new system; --check runs every gate that it must pass.", scaffold),
    "oracle": (
        "The main job: references, mutants, claims (quick tier), public implementations, report page.",
        mainjob,
    ),
    "report": ("Write the report page (the same as `oracle`, without its tables).", mainjob),
}


def main(arguments=None):
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # in an ASCII locale, a question mark for what it cannot write
        sys.stdout.reconfigure(errors="replace")
    try:
        return COMMANDS[options.name][1].main(options)
    except (UnknownNameError, ValueError, OSError) as error:
        terminal.say(f"refimpl {options.name}: {error}", style="red")
        return 2
    except KeyboardInterrupt:
        terminal.say(f"refimpl {options.name}: interrupted", style="")
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        return 0


def _parser():
    parser = argparse.ArgumentParser(prog="refimpl", description="Reference implementations with a test oracle.")
    parser.add_argument("--version", action="version", version=f"refimpl {__version__}")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")
    for name, (text, module) in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=text, description=text))
    return parser


if __name__ == "__main__":
    sys.exit(main())
