"""The root of the assistant's errors. A message names the thing, the value, what was expected, and what to do next."""


class PennyworthError(Exception):
    """Something the user can act on; the command line prints the message and no traceback."""

    exit_code = 2
    """What the command line exits with: 1 not so, 2 bad use or input, 3 a device or file failed."""


class ConfigError(PennyworthError):
    """A configuration that cannot be used."""


class RecognitionError(PennyworthError):
    """A recogniser that cannot be had or has failed."""

    exit_code = 3


class StoreError(PennyworthError):
    """The database cannot be read or written; nothing was half-written."""

    exit_code = 3


class LedgerError(PennyworthError):
    """Books that would not balance; nothing was posted."""

    exit_code = 1


class AttributionError(PennyworthError):
    """Touches and purchases that cannot be used, or a model that cannot be had from them."""


class FleetError(PennyworthError):
    """A fleet of devices that cannot be made, gathered or read."""


class ExportError(PennyworthError):
    """A file that cannot be written; what stood there before still does."""

    exit_code = 3
