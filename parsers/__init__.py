"""What the wire and the logs say: facts, as columns. Imports nothing of `sensor`."""
