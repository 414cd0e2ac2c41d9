"""What can go wrong with sound, each message naming the thing, what was found and what to do."""


class HardwareError(Exception):
    """The root of this package's errors."""


class AudioFileError(HardwareError):
    """A file that cannot be read as sound."""


class MicrophoneError(HardwareError):
    """A microphone that cannot be opened, or that went away."""


class GpioError(HardwareError):
    """Lights or a button that cannot be used."""
