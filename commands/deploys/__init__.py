"""The words behind `/deploy`, a file each."""
