"""Write the lock: for each extra a file beside this one, every release with the hashes of its wheels and archives.

    make lock             # what pyproject.toml asks for anew is added, all else stays
    make lock RENEW=1     # the newest release of everything, but for what held.in holds back

`base.txt` is what the package needs at run time, and all others stand on it; `build.txt` is what builds it, `torch.txt`
what belongs to PyTorch alone (`peers.txt` is complete with it). All come from one resolution, for every system and
Python that pyproject.toml allows, so that extras can stand in one environment. No address is written: where packages
come from is the affair of whoever installs them.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent / "pyproject.toml"
TORCH = re.compile("torch(vision)?=|triton=|nvidia-|cuda-")  # an index without builds for the CPU alone adds CUDA


def releases(path):
    """The entries of a file: name, version, marker and hashes."""
    return [text for text in re.split(r"^(?=\S)", path.read_text(), flags=re.MULTILINE) if not text.startswith("-")]


def resolve(out, *words):
    """Write what `words` ask for into `out`; a release that is there already is kept while it fits."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--output-file", out, "--quiet", "--no-config"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate", *words]
    subprocess.run(command, check=True)
    return releases(out)


def main(renew):
    """Write all files."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    scratch = HERE.parent / "build" / "lock"
    scratch.mkdir(parents=True, exist_ok=True)
    everything, build = scratch / "all.txt", scratch / "build.in"
    build.write_text("\n".join(project["build-system"]["requires"]))
    everything.write_text("" if renew else "".join(text for path in HERE.glob("*.txt") for text in releases(path)))
    resolve(everything, PROJECT, build, "--all-extras", "--constraint", HERE / "held.in")

    def part(*words):
        (scratch / "part.txt").unlink(missing_ok=True)
        return resolve(scratch / "part.txt", *words, "--constraint", everything)

    base = part(PROJECT)
    files = {"base": base, "build": part(build)}
    for extra in project["project"]["optional-dependencies"]:
        files[extra] = ["-r base.txt\n"] + [text for text in part(PROJECT, "--extra", extra) if text not in base]
    files["torch"] = [text for text in files["peers"] if TORCH.match(text)]
    files["peers"] = [text for text in files["peers"] if not TORCH.match(text)]
    for name, texts in files.items():
        (HERE / f"{name}.txt").write_text("".join(texts))


if __name__ == "__main__":
    main(renew=bool(sys.argv[1:]))
