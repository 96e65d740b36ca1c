"""Whether a candidate's files hold functions of the source that it is compared with, under whatever name."""

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import refimpl
from refimpl.oracle import catalog

EXACT, RENAMED = (
    40,
    100,
)  # nodes of a function that nobody writes twice by chance: with its names, and whatever its names
MOST = 2**20  # bytes of a file that is looked at
FILES = 60  # that are looked at


@cache
def sources(system):
    """Fingerprint -> "module.function", of the files in which a system's rule stands.

    Examples
    --------
    >>> "refimpl.optimizers.lion.update" in sources("lion").values()
    True
    """
    chapter = catalog.system(system).chapter
    paths = sorted(Path(refimpl.__path__[0], chapter).glob(f"*{system}*.py"))
    mine = [path for path in paths if path.stem == system or path.stem.startswith(f"_{system}")]
    return {
        mark: f"refimpl.{chapter}.{path.stem}.{name}"
        for path in mine
        for mark, name in fingerprints(path.read_text(encoding="utf-8")).items()
    }


def fingerprints(text):
    """Fingerprint -> name, of the functions in a text that are large enough to tell.

    Docstrings, comments, annotations and decorators do not count.

    Examples
    --------
    >>> body = "b = x * 2 + 1\\n    c = [b - i for i in range(9) if i % 2]\\n    return sum(c) * b + max(c) - x"
    >>> one, other = (fingerprints(f"def {name}(x):\\n    {body}") for name in ("one", "other"))
    >>> one.keys() == other.keys(), [*other.values()]
    (True, ['other'])
    """
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = _without_words(node)
            size = sum(1 for part in body for _ in ast.walk(part))
            if size >= EXACT:
                found[_mark(body)] = node.name
            if size >= RENAMED:
                found[_mark(_renamed(body))] = node.name
    return found


def _without_words(function):
    """Arguments and body of a function, apart from what does nothing."""
    tree: Any = ast.parse(ast.unparse(function)).body[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and _is_text(body[0]):
            del body[0]
    return [tree.args, *tree.body]


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _renamed(body):
    """The same with names in the order in which they come."""
    names: dict[str, str] = {}
    for part in body:
        for node in ast.walk(part):
            for key in ("id", "arg", "name"):
                if isinstance(name := getattr(node, key, None), str):
                    setattr(node, key, names.setdefault(name, f"x{len(names)}"))
    return body


def _mark(body):
    return hashlib.sha256("\n".join(ast.dump(part) for part in body).encode()).hexdigest()


@cache
def _marks_in(path):
    """Fingerprints of a file; none of what is no readable Python."""
    try:
        text = Path(path).read_text(encoding="utf-8") if Path(path).stat().st_size <= MOST else ""
        return tuple(fingerprints(text))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ()


def copied(system, paths):
    """What of a system's source stands in some files.

    Parameters
    ----------
    system : str
        Its name.
    paths : sequence of str
        The files; what is no readable Python is passed over.

    Returns
    -------
    str
        Half a sentence, "" if nothing does.

    Examples
    --------
    >>> copied("lion", [Path(refimpl.__path__[0], "optimizers", "lion.py")])
    'lion.py has the code of refimpl.optimizers.lion.update and 3 more'
    """
    known = sources(system)
    for path in paths[:FILES]:
        if same := list(dict.fromkeys(known[mark] for mark in _marks_in(str(path)) if mark in known)):
            more = f" and {len(same) - 1} more" * (len(same) > 1)
            first = next((name for name in same if name.endswith(".update")), same[0])
            return f"{Path(path).name} has the code of {first}{more}"
    return ""
