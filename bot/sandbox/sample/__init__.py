"""The sources of the sample application, as they are committed to the sample repository."""
