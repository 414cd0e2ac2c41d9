"""The loop, the dialogue, the books and the reports of Pennyworth."""

__version__ = "0.1.0"
