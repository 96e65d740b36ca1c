"""The command line: what `refimpl --help` lists."""

import argparse
import io
import sys
from importlib import import_module

from refimpl import __version__
from refimpl.oracle.output import terminal

# Name -> what it does; the module with its `add_arguments` and `main`, which is imported when it is asked for.
COMMANDS = {
    "list": ("List the systems, and the papers still to come.", "commands.systems"),
    "show": ("Show a system: its operations, inputs, outputs, cases, laws and mistakes.", "commands.show"),
    "check": ("Judge an implementation.", "commands.check"),
    "practice": ("Write a file to fill in: the signature of an operation and its equations.", "commands.practice"),
    "diff": ("Compare two report files of `refimpl check --report`.", "commands.diff"),
    "vectors": ("Write cases and expected answers as JSON files, for tests in any language.", "output.vectors"),
    "power": ("Measure the oracle: mutants of the sources, killed and explained.", "commands.power"),
    "claims": ("Check the claims of the papers.", "claims.command"),
    "new": ("Scaffold the rooms of a new system; --check runs every gate that it must pass.", "scaffold"),
    "oracle": ("The main job: references, mutants, claims (quick tier), public implementations, report.", "mainjob"),
    "report": ("Write the report page (the same as `oracle`, without its tables).", "mainjob"),
}


def main(arguments=None):
    """Run the command line; returns the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser(words).parse_args(words)
    options.words = words
    if isinstance(sys.stdout, io.TextIOWrapper):  # in an ASCII locale, a question mark for what it cannot write
        sys.stdout.reconfigure(errors="replace")
    try:
        status = import_module(f"refimpl.oracle.{COMMANDS[options.name][1]}").main(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of our output has seen enough
        terminal.hush()
        return 0
    except (ValueError, OSError) as error:
        terminal.say(f"refimpl {options.name}: {error}", style="red")
        return 2
    except KeyboardInterrupt:
        terminal.say(f"refimpl {options.name}: interrupted", style="")
        return 130


def _parser(words):
    parser = argparse.ArgumentParser(prog="refimpl", description="Reference implementations with a test oracle.")
    parser.add_argument("--version", action="version", version=f"refimpl {__version__}")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")
    asked = next((word for word in words if word in COMMANDS), None)
    for name, (text, module) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == asked:
            import_module(f"refimpl.oracle.{module}").add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
