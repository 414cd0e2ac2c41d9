"""The loop, the dialogue, the books and the reports of Pennyworth."""

from importlib.metadata import version

__version__ = version("pennyworth")
