"""Stories through the sandbox: the real bot process, Socket Mode, SQLite, SSH and git."""
