"""Implementations that need a toolchain: which release is there, how programs are built and started.

An entry says `exec`, the command of a program in tests/peers/programs, and `needs`, the toolchain: node, Rscript or
g++. `build` is the command that makes the program. A package of Python whose release has no wheel says g++ too; it is
built into its folder beforehand. CONTRIBUTING.md says how to get toolchains and packages.
"""

import functools
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LANGUAGES = {"node": "JavaScript", "Rscript": "R", "g++": "C++"}
RUNNERS = {".py": ".venv/bin/python", ".mjs": "node", ".R": "Rscript"}  # of the scripts in tests/peers/bugs
NODE = ROOT / ".peers/node/node_modules"


def _lines(*command):
    """Lines that a command prints; none where there is no such command."""
    if shutil.which(command[0]) is None:
        return []
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.splitlines()


@functools.cache
def _of_r():
    """Installed packages of R -> release."""
    code = 'p <- installed.packages()[, "Version"]; cat(paste(names(p), p), sep = "\\n")'
    return dict(line.split() for line in _lines("Rscript", "--vanilla", "-e", code))


@functools.cache
def _of_debian():
    """Installed packages of Debian -> release, without epoch, repacking and Debian's own number."""
    form = "${Package} ${Version} ${db:Status-Status}\n"
    rows = [line.split() for line in _lines("dpkg-query", "-W", "-f", form) if line.endswith(" installed")]
    return {name: re.sub(r"^\d+:|[+~](dfsg|ds).*$|-[^-]*$", "", found) for name, found, _ in rows}


def release(entry):
    """Release of the package that is there, or ""."""
    if entry["needs"] == "Rscript":
        return _of_r().get(entry["package"], "")
    if entry["needs"] == "g++":
        return _of_debian().get(entry["debian"], "")
    about = NODE / entry["package"] / "package.json"
    return json.loads(about.read_text(encoding="utf-8"))["version"] if about.is_file() else ""


def runner(script):
    """What runs a script that shows a bug."""
    return RUNNERS[Path(script).suffix]


def lacking(entry):
    """Why an entry cannot be judged on this machine, or ""."""
    if "exec" not in entry:
        there = "needs" not in entry or (ROOT / entry["folder"]).is_dir()
        return "" if there else f"{entry['folder']} is not built"
    if shutil.which(entry["needs"]) is None:
        return f"{entry['needs']} is not installed"
    speaks = {"node": True, "Rscript": "jsonlite" in _of_r(), "g++": "nlohmann-json3-dev" in _of_debian()}
    if release(entry) and speaks[entry["needs"]]:
        return ""
    return f"packages of {LANGUAGES[entry['needs']]} are not installed"


def sources(entry):
    """Files of the program, with those beside them that they name: what programs of one language share."""
    words = shlex.split(f"{entry.get('build', '')} {entry['exec']}")
    found = [ROOT / word for word in words if word.startswith("tests/peers/programs/")]
    for file in found:  # it grows
        text = file.read_text(encoding="utf-8")
        found += [path for path in sorted(file.parent.iterdir()) if path.name in text and path not in found]
    return found


def command(entry):
    """The words that start the program, which is built first where it is older than its source."""
    if "build" in entry:
        made = ROOT / shlex.split(entry["exec"])[0]
        if not made.is_file() or made.stat().st_mtime < max(path.stat().st_mtime for path in sources(entry)):
            made.parent.mkdir(parents=True, exist_ok=True)
            done = subprocess.run(shlex.split(entry["build"]), cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{entry['build']}: {done.stderr.strip()[-400:]}")
    return [str(ROOT / word) if (ROOT / word).is_file() else word for word in shlex.split(entry["exec"])]
