"""A stand-in for GitHub: its REST API over a real git repository, runs that take time, webhooks, and faults."""
