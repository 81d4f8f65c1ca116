"""What people can say, and see."""
