"""What can go wrong with definitions, each message naming the file, what was found and what to do."""


class IntentsError(Exception):
    """The root of this package's errors."""


class DefinitionError(IntentsError):
    """A definition file that cannot be read, or that does not hold together."""


class SettingsError(IntentsError, ValueError):
    """A threshold out of range."""


class ModelError(IntentsError):
    """A model file that cannot be read."""


class CorpusError(IntentsError):
    """A file of labelled sentences that cannot be read, or a line of it that makes no sense."""
