"""The lowest releases of NumPy and SciPy that pyproject.toml promises, as pip takes them: ``numpy==2.0``."""

import re
import tomllib
from pathlib import Path

wanted = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]["dependencies"]
print(*(re.sub(">=", "==", entry) for entry in wanted if re.match("(numpy|scipy)>=", entry)))
