"""The outside world to try and test against: it imports nothing of ours."""
