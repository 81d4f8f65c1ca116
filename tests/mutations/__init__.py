"""Breaks each law of the design by one line, in a copy, and demands that a test goes red."""
