"""What the README says of public packages is what was judged; its pictures are there. More in tests/test_house.py."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VERDICTS = json.loads((ROOT / "docs/conformance/verdicts.json").read_text(encoding="utf-8"))["rows"]


def test_the_stories_are_those_of_the_verdicts():
    judged = {row["command"]: row for row in VERDICTS if "command" in row}
    stories = re.findall(r"\$ \.venv/bin/(refimpl check .*)\n\.\.\.\nverdict: ([^`]+)\n\.\.\.\n```", README)
    assert len(stories) == 2
    for command, verdict in stories:
        assert judged[command]["kind"] == "bug"
        assert " ".join(verdict.split()) == judged[command]["sentence"]


def test_links_and_pictures_are_there():
    found = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert [link for link in found if not (ROOT / link).exists()] == []
    pictures = [ROOT / link for link in found if link.endswith(".png")]
    assert len(pictures) == 3
    assert sum(path.stat().st_size for path in pictures) < 500_000
