"""Comparing a canary with the stable side over the same time: the maths (pure), and where the numbers come from."""
