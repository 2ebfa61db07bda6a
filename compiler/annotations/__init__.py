"""What the annotations of Ingresses and Services say: one module per family, typed results, exact findings."""

from __future__ import annotations

from compiler.annotations.read import pass_annotations, read_annotations, read_service_annotations

__all__ = ["pass_annotations", "read_annotations", "read_service_annotations"]
