"""Plain data becomes messages of Envoy's API, or a reason why not."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.gateway.messages import COMPOSITE, PREFIX, NotAMessageError, pack
from compiler.gateway.snapshot import CLUSTER


def test_a_composite_cluster_is_a_message_of_the_field_numbers_that_envoy_knows() -> None:
    config = {"@type": PREFIX + COMPOSITE, "clusters": [{"name": "a"}, {"name": "b"}]}
    packed = pack(CLUSTER, {"name": "c", "cluster_type": {"name": "envoy.clusters.composite", "typed_config": config}})
    assert packed.type_url == PREFIX + CLUSTER
    # two entries (field 1), each with a name (field 1)
    assert b"\x0a\x03\x0a\x01a\x0a\x03\x0a\x01b" in packed.value


@pytest.mark.parametrize(
    "resource",
    [
        {"name": "c", "no_such_field": 1},
        {"name": "c", "connect_timeout": "soon"},
        {"name": "c", "cluster_type": {"typed_config": {"@type": PREFIX + "envoy.no.such.v3.Type"}}},
        {"name": "c", "cluster_type": {"typed_config": {"@type": PREFIX + "envoy.config.cluster.v3.NoSuchType"}}},
    ],
    ids=["field", "value", "package", "type"],
)
def test_what_is_no_message_is_named_with_its_resource(resource: dict[str, Any]) -> None:
    with pytest.raises(NotAMessageError, match=r"^c: "):
        pack(CLUSTER, resource)
