"""What the traffic means: opinions about facts, and how they are run."""

from __future__ import annotations

__version__ = "0.1.0"
