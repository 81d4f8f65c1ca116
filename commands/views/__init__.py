"""What people see: pure functions from facts to Block Kit."""
