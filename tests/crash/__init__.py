"""Kills the bot at random instants, and holds what is left to what was promised."""
