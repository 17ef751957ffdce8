"""What a person or a program gets to see of findings: a form a file."""
