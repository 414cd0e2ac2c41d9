"""Runs a command under the system calls and address families that the unit grants, as systemd would.

`python -m tests.assistant.guarded UNIT COMMAND…`. No user's systemd runs where tests run; the same filter, built with
the same library from systemd's own groups of calls, shows whether the assistant needs more than it is granted.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_EQUALS: Final = 4
_NO_NEW_PRIVILEGES: Final = 38
_REALTIME: Final = {"sched_setscheduler", "sched_setattr"}
"""What RestrictRealtime looks into; refused altogether here, which is stricter."""


class _Compare(ctypes.Structure):
    """`scmp_arg_cmp` of seccomp.h."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


def calls(group: str) -> set[str]:
    """The system calls of a group, by systemd's own account."""
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", group], capture_output=True, text=True, check=True
    ).stdout
    names: set[str] = set()
    for name in re.findall(r"^    ([@a-z0-9_-]+)$", listed, flags=re.MULTILINE):
        names |= calls(name) if name.startswith("@") else {name}
    return names


def guard(unit: str) -> None:
    """Put this process, and all that it starts, under the filter of a unit file."""
    (group,) = re.findall(r"^SystemCallFilter=(\S+)$", unit, flags=re.MULTILINE)
    (family,) = re.findall(r"^RestrictAddressFamilies=(\S+)$", unit, flags=re.MULTILINE)
    library = ctypes.CDLL(ctypes.util.find_library("seccomp"), use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(_ERRNO | errno.EPERM))
    granted = calls(group) - _REALTIME
    for name in sorted(granted):
        number = library.seccomp_syscall_resolve_name(name.encode())
        # Negative: of another architecture.
        if number >= 0:
            of_family = _Compare(0, _EQUALS, int(getattr(socket, family)), 0)
            count = 1 if name == "socket" else 0
            if library.seccomp_rule_add_array(context, _ALLOW, number, count, ctypes.byref(of_family)):
                raise RuntimeError(f"no rule for {name}")
    if ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or library.seccomp_load(
        context
    ):
        raise RuntimeError("the filter cannot be set")


def main() -> None:
    """Guard and run."""
    guard(Path(sys.argv[1]).read_text())
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 — it is what this is for


if __name__ == "__main__":
    main()
