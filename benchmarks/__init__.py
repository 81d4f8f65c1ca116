"""What things cost, beside what a user would pick instead: ratios from one run, never a timed test."""
