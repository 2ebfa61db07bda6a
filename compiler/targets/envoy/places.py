"""Names of the files of a gateway's placement: `clusters/<cluster>/<namespace>/<gateway>.<one of these>`.

No name of a gateway or an App has a dot, so neither can be taken for one of the other.
"""

from __future__ import annotations

OBJECTS = "envoy.yaml"
PARTS = "envoy-parts.yaml"


def gateway_of(path: str) -> str | None:
    """Whose file this is, by its path in the tree; None where it is no file of a placement."""
    folder, _, name = path.rpartition("/")
    gateway, _, rest = name.partition(".")
    return gateway if folder.startswith("clusters/") and rest in (OBJECTS, PARTS) else None
