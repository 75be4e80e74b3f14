"""A table's name, as a step hands it to a driver."""

from __future__ import annotations

from dataclasses import dataclass

from sqlflow_runtime._errors import SpecError


@dataclass(frozen=True)
class Table:
    """Identifier parts, outermost first, unquoted; the driver quotes them."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


def table(*parts: str) -> Table:
    """Names a table by its identifier parts: `table("iris", "predicted")`."""
    if not 1 <= len(parts) <= 3:
        raise SpecError(f"table() takes one to three identifier parts, not {len(parts)}")
    for part in parts:
        if not isinstance(part, str) or not part:
            raise SpecError(f"table() takes non-empty text, not {part!r}")
    return Table(parts)
