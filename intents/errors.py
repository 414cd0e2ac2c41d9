"""What can go wrong with definitions, each message naming the file, what was found and what to do."""


class IntentsError(Exception):
    """The root of this package's errors."""


class DefinitionError(IntentsError):
    """A definition file that cannot be read, or that does not hold together."""


class SettingsError(IntentsError, ValueError):
    """A threshold out of range."""
