"""`python -m sensor` is the command `sensor`."""

from __future__ import annotations

from sensor.cli.main import main

if __name__ == "__main__":
    main()
