"""Keys of annotations: the two prefixes that MSE reads."""

from __future__ import annotations

NGINX = "nginx.ingress.kubernetes.io/"
MSE = "mse.ingress.kubernetes.io/"

Pairs = list[tuple[str, str]]
"""Annotation key and text."""
