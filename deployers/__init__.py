"""How a release reaches its targets, and whether it may."""
