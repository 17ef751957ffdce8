"""Logs of servers that say who logged on: a file a product, rows of the table `logon`."""
