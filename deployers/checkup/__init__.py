"""Looking at everything on a checklist: what to ask, whom, and what the answers mean."""
