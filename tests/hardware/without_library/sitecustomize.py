"""On the path of a process: the loader is told that no library is there, as on a machine without PortAudio."""

import ctypes.util

ctypes.util.find_library = lambda name: None  # noqa: ARG005
