"""The command line: a file a command, each imports what is heavy only when it runs."""
