"""What the bot remembers, and the rules about it: the bottom floor."""
