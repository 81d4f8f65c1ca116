"""Backups: how they are made, checked, restored and tried, as shell lines built from data and as values read back."""
