"""Target `kubernetes`: what every cluster runs. One file per app and cluster, one per Namespace.

Facts: the Kubernetes API reference; the restricted Pod Security Standard; the recommended labels; how Argo CD orders
what it applies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.targets.kubernetes.emission import check_patches, emit, namespace_emission

if TYPE_CHECKING:
    from compiler.diagnostics import Code

CODES: tuple[Code, ...] = ()
"""What it cannot express is nothing; findings of patches stand in `compiler.patches`."""

__all__ = ["CODES", "check_patches", "emit", "namespace_emission"]
