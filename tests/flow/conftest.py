"""What flow tests are given: `pipeline` (the programs) and `web` (something to fetch)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from flow import pipeline, web  # noqa: E402, F401 (fixtures)
