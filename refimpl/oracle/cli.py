"""The command line: what `refimpl --help` lists.

Little is imported before signals are listened to.
"""

import sys
from importlib import import_module

from refimpl.oracle import ending

# Name -> what it does; the module with its `add_arguments` and `main`, which is imported when it is asked for.
COMMANDS = {
    "list": ("List the systems and their papers.", "commands.systems"),
    "show": ("Show a system: its operations, inputs, outputs, cases, laws and mistakes.", "commands.show"),
    "check": ("Judge an implementation.", "commands.check"),
    "grade": ("Judge many submissions to one operation; a table, feedback for each, groups.", "commands.grade"),
    "practice": ("Write a file to fill in: the signature of an operation and its equations.", "commands.practice"),
    "diff": ("Compare two report files of `refimpl check --report`.", "commands.diff"),
    "vectors": ("Write cases and expected answers as JSON files, for tests in any language.", "commands.vectors"),
    "power": ("Measure the oracle: mutants of the sources, killed and explained.", "commands.power"),
    "claims": ("Check the claims of the papers.", "claims.command"),
    "new": ("Scaffold the rooms of a new system; --check runs every gate that it must pass.", "scaffold"),
    "oracle": ("The main job: references, mutants, claims (quick tier), public implementations, report.", "mainjob"),
    "report": ("Write the report page (the same as `oracle`, without its tables).", "mainjob"),
}


def main(arguments=None):
    """Run the command line; returns the exit status, of whatever becomes of its terminal, its disk and its patience."""
    words, status = sys.argv[1:] if arguments is None else list(arguments), 130
    with ending.listening(to_the_end=arguments is None) as caught:
        try:
            status = _started(words)
            ending.release(False)
        except KeyboardInterrupt:
            ending.release(False)
        finally:
            ending.end_all()
        if caught or status == 130:
            ending.last_words(f"refimpl: {ending.told() or 'interrupted'}")
        return 128 + caught[0] if caught else status


def _started(words):
    from refimpl.oracle.output import terminal  # not before signals are listened to: it takes a while

    with terminal.steady() as unwritten:
        options = _parser(words).parse_args(words)
        options.words = words
        ending.release()
        if ending.told() and not getattr(options, "report", None):
            raise ending.Ended(ending.told())
        try:
            status = import_module(f"refimpl.oracle.{COMMANDS[options.name][1]}").main(options)
        except OSError as error:
            said = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error
            terminal.say(f"refimpl {options.name}: {said}", style="red")
            status = 2
        except ValueError as error:
            terminal.say(f"refimpl {options.name}: {error}", style="red")
            status = 2
        except Exception:  # a mistake of ours; 1 would say that a candidate deviates
            import traceback

            print(traceback.format_exc(), file=sys.stderr)
            terminal.say(f"refimpl {options.name}: this is a mistake in refimpl; please report it", style="red")
            status = 2
        if lost := unwritten():
            terminal.say(f"refimpl {options.name}: standard output: {lost.strerror}", style="red")
            status = 2
    return status


def _parser(words):
    import argparse

    from refimpl import __version__

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
