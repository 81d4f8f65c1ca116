"""The page: Slack as people know it, in a browser, with a look behind the scenes."""

from pathlib import Path

HERE = Path(__file__).parent
"""Where its documents, modules and styles are."""
