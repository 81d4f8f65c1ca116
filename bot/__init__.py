"""The top floor: Slack, the clock, mail and pagers, and the wiring."""
