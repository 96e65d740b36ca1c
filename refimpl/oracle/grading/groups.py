"""Which submissions are wrong in the same way."""

from collections import Counter
from io import BytesIO
from typing import NamedTuple

WIDE = 104  # characters of a label
SHOWN = 12  # groups in the picture


class Group(NamedTuple):
    """Submissions to which the same happened."""

    what: str  # the mistake, or the verdict
    why: str  # in a sentence; "" if the verdict says all
    right: bool
    members: tuple[str, ...]


def grouped(grades):
    """The groups of some grades, the largest first.

    Parameters
    ----------
    grades : sequence of Grade
        Of all submissions.

    Returns
    -------
    list of Group
        Those who conform, those who make a mistake that the oracle calls by name, those whose cause it puts in the same
        words, and the others by their verdict.

    Examples
    --------
    >>> from refimpl.oracle.grading.judge import Grade
    >>> wrong = [Grade(n, n, "", "deviates", "", 1, 2, ("no_decay",), "subtract the decay") for n in "ab"]
    >>> [(g.what, g.why, g.members) for g in grouped(wrong)]
    [('no_decay', 'subtract the decay', ('a', 'b'))]
    """
    members: dict[tuple[str, bool], list[str]] = {}
    why: dict[str, str] = {}
    for grade in grades:
        right = grade.verdict.startswith("conforms")
        what = grade.verdict if right else ", ".join(grade.names) or grade.why or grade.verdict
        members.setdefault((what, right), []).append(grade.name)
        why[what] = "" if right or what == grade.why else grade.why
    order = Counter({key: len(names) for key, names in members.items()})
    return [Group(what, why[what], right, tuple(members[what, right])) for (what, right), _ in order.most_common()]


def picture(groups):
    """The groups as bars: a picture in PNG.

    Parameters
    ----------
    groups : sequence of Group
        From `grouped`, at least one.

    Returns
    -------
    bytes
        Of the file.

    Examples
    --------
    >>> picture([Group("conforms", "", True, ("a", "b"))])[1:4]
    b'PNG'
    """
    from matplotlib.figure import Figure  # takes most of a second, which nothing else needs
    from matplotlib.ticker import MaxNLocator

    shown = groups[:SHOWN]
    total = sum(len(group.members) for group in groups)
    figure = Figure(figsize=(9, 1 + 0.62 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for i, group in enumerate(shown):
        n = len(group.members)
        axes.barh(i, n, height=0.34, color="#1a7f37" if group.right else "#b35900")
        label = group.what + (f": {group.why}" if group.why else "")
        label = label if len(label) <= WIDE else label[: WIDE - 3] + "..."
        said = f"{n} of {total}  {label}"
        axes.text(0, i - 0.24, said, va="bottom", ha="left", fontsize=9, parse_math=False)
    axes.set_ylim(len(shown) - 0.5, -0.7)
    axes.set_xlim(0, max(len(group.members) for group in groups) * 1.02)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("submissions")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if len(groups) > SHOWN:
        axes.set_title(f"the {SHOWN} largest of {len(groups)} groups", fontsize=9)
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=120)
    return stream.getvalue()
