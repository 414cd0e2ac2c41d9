"""What stands under the fields of our dataclasses, for pages that are made from the code."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def described(module: ModuleType, kind: type) -> dict[str, str]:
    """The docstring under each field of `kind`, which `module` defines."""
    body = ast.parse(inspect.getsource(module)).body
    (found,) = (node for node in body if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    told = {}
    for field_, doc in zip(found.body, found.body[1:], strict=False):
        if (
            isinstance(field_, ast.AnnAssign)
            and isinstance(field_.target, ast.Name)
            and isinstance(doc, ast.Expr)
        ):
            told[field_.target.id] = str(ast.literal_eval(doc.value)).rstrip(".")
    return told
