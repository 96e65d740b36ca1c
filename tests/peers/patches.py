"""The patches of letters.toml, tried: `python -m tests.peers --patched`.

A tree of links stands for this one; the files that a patch changes are copies there, and nothing installed is touched.
There the script that shows the mistake must end with 1, release and formula agree, and the adapters are judged anew.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from difflib import ndiff
from pathlib import Path
from typing import NamedTuple

from tests.peers import elsewhere
from tests.peers.verdicts import ROOT, implementations, judge, letters

SITE = Path(sysconfig.get_path("purelib"))
BUGS = {path.stem: path for path in (ROOT / "tests/peers/bugs").iterdir() if path.suffix in elsewhere.RUNNERS}
SECONDS = 600  # for a script, and for the adapters of a letter
LIMIT = 3 * SECONDS
OUTCOMES = {0: "still there", 1: "mended", 2: "mended in part"}  # by the exit status of a script
IN_R = """\
local({{
  text <- paste(deparse({name}, width.cutoff = 500L), collapse = "\\n")
  edits <- list({edits})
  for (edit in edits) {{
    stopifnot(grepl(edit[1], text, fixed = TRUE))
    text <- sub(edit[1], edit[2], text, fixed = TRUE)
  }}
  mended <- eval(parse(text = text), asNamespace("{package}"))
  utils::assignInNamespace("{function}", mended, "{package}")
}})
"""


class NotThere(Exception):
    """What a patch changes is not installed here."""


def shown(edit):
    """An edit as the lines of a difference."""
    lines = (edit[side].strip("\n").splitlines() for side in ("before", "after"))
    return [f"{line[0]}{line[2:]}".rstrip() for line in ndiff(*lines, charjunk=None) if line[0] != "?"]


def place(name):
    """Where a file of a release is, as a path from the root of the tree: below .peers, or in `site`."""
    for folder, root in ((".peers", ROOT / ".peers"), ("site", SITE)):
        if (root / name).is_file():
            return f"{folder}/{name}"
    raise NotThere(f"{name} is not there (`make peers` installs it)")


def edited(edits):
    """The files that are other ones with a patch: place -> text."""
    found, loaded = {}, {}
    for edit in edits:
        where = place(edit["file"])
        source = ROOT / where if where.startswith(".peers") else SITE / edit["file"]
        text = found.get(where) or source.read_text(encoding="utf-8")
        if edit["before"] not in text:
            raise LookupError(f"{edit['file']} does not have the lines that the patch takes out: {edit['before']}")
        found[where] = text.replace(edit["before"], edit["after"])
        if "built" in edit:
            loaded[where] = place(edit["built"])
    return found | {built: found[where] for where, built in loaded.items()}


def mirror(source, target, texts):
    """Make a folder of links to what is in another, but for some files: path from there -> text."""
    target.mkdir()
    own = {}
    for path, text in texts.items():
        first, _, rest = path.partition("/")
        own.setdefault(first, {})[rest] = text
    for path in source.iterdir():
        if path.name not in own and path.name != "__pycache__":  # which is of the files as they were
            (target / path.name).symlink_to(path)
    for name, inside in own.items():
        if "" in inside:
            (target / name).write_text(inside[""], encoding="utf-8")
        else:
            mirror(source / name, target / name, inside)


def tree(folder, edits):
    """Make the tree in which a patch is tried, and return the environment of the processes that run there."""
    texts = edited([edit for edit in edits if "file" in edit])
    below = {path: text for path, text in texts.items() if path.startswith(".peers/")}
    mirror(ROOT, folder / "tree", below)
    mirror(SITE, folder / "site", {path[len("site/") :]: texts[path] for path in texts if path not in below})
    lines = [in_r(name, edits) for name in dict.fromkeys(edit["function"] for edit in edits if "function" in edit)]
    (folder / "profile.R").write_text("".join(lines), encoding="utf-8")
    paths = os.pathsep.join((str(folder / "tree"), str(folder / "site")))
    here = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "R_PROFILE_USER": str(folder / "profile.R")}
    return os.environ | here | {"NODE_PRESERVE_SYMLINKS": "1", "NODE_PRESERVE_SYMLINKS_MAIN": "1"}


def in_r(name, edits):
    """The lines that exchange a function of a package of R for one whose text is another."""
    package, _, function = name.partition("::")
    pairs = [(e["before"].strip("\n"), e["after"].strip("\n")) for e in edits if e.get("function") == name]
    listed = ", ".join(f"c({json.dumps(before)}, {json.dumps(after)})" for before, after in pairs)
    return IN_R.format(name=name, package=package, function=function, edits=listed)


class Tried(NamedTuple):
    """What came of a patch."""

    outcome: str  # of the script: one of `OUTCOMES`, "failed", or "not there"
    told: str  # what the script printed, or why it was not run
    rows: list  # the verdicts on the mended release


def tried(name, adapters=True):
    """Try a patch: what the script, and the adapters of its verdicts, say of the mended release."""
    with tempfile.TemporaryDirectory(prefix="refimpl-") as made:
        folder, rows = Path(made), Path(made, "rows.json")
        try:
            environment = tree(folder, letters()[name]["edits"])
        except NotThere as reason:
            return Tried("not there", str(reason), [])
        at = {"cwd": folder / "tree", "env": environment, "capture_output": True, "text": True, "timeout": SECONDS}
        script = str(folder / "tree" / BUGS[name].relative_to(ROOT))
        runner = sys.executable if script.endswith(".py") else elsewhere.runner(script)
        if shutil.which(runner) is None:
            return Tried("not there", f"{runner} is not installed", [])
        run = subprocess.run([runner, script], check=False, **at)
        outcome = "failed" if "Traceback" in run.stderr else OUTCOMES.get(run.returncode, "failed")
        if adapters:
            subprocess.run([sys.executable, "-m", "tests.peers.patches", name, str(rows)], check=False, **at)
        found = json.loads(rows.read_text(encoding="utf-8")) if rows.is_file() else []
        return Tried(outcome, run.stdout + run.stderr, found)


def as_told(letter, result):
    """Whether a patch does what its letter says: the script is content, and the adapters but for what is `left`."""
    if result.outcome == "not there":
        return True
    conform = all(row["verdict"].startswith("conforms") for row in result.rows)
    return result.outcome == "mended" and (not result.rows or conform == ("left" not in letter))


def words(row):
    """A verdict on a mended release."""
    return f"{row['what']}: {row['sentence']}"


def main(name, out):
    """Judge, in the tree that this runs in, what a script belongs to."""
    script = str(BUGS[name].relative_to(ROOT))
    rows = [judge(entry) for entry in implementations() if entry.get("script") == script]
    Path(out).write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
