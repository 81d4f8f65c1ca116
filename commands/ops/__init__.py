"""The words behind `/ops`, a file each."""
