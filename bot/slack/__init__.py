"""Slack: what comes in, who asks, and every call that goes out."""
