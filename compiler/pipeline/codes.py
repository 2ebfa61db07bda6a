"""Every finding of the program, by room. `explain`, the reference and the museum read this tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler import check, patches
from compiler.annotations import codes as annotation
from compiler.lower import (
    aliases,
    codes,
    fleet,
    host_settings,
    manifests,
    offers,
    overrides,
    patching,
    placement,
    plain_services,
    pod_rules,
    service_policies,
    spread,
    subsets,
    templates,
    tenancy,
    traps,
    unread,
    workload,
)
from compiler.model import codes as model
from compiler.output import codes as output
from compiler.output import limits
from compiler.pipeline import accept, nested, sources, state, world
from compiler.source import codes as source
from compiler.targets import argocd, envoy, kubernetes, mse

if TYPE_CHECKING:
    from compiler.diagnostics import Code

CODES: tuple[Code, ...] = (
    *source.CODES,
    *model.CODES,
    *annotation.CODES,
    *sources.CODES,
    *nested.CODES,
    *state.CODES,
    *world.CODES,
    *fleet.CODES,
    *unread.CODES,
    *tenancy.CODES,
    *placement.CODES,
    *workload.CODES,
    *pod_rules.CODES,
    *overrides.CODES,
    *manifests.CODES,
    *templates.CODES,
    *patching.CODES,
    *patches.CODES,
    *offers.CODES,
    *plain_services.CODES,
    *spread.CODES,
    *codes.CODES,
    *host_settings.CODES,
    *service_policies.CODES,
    *aliases.CODES,
    *traps.CODES,
    *subsets.CODES,
    *check.CODES,
    *kubernetes.CODES,
    *mse.CODES,
    *envoy.CODES,
    *argocd.CODES,
    *accept.CODES,
    limits.OBJECT_TOO_LARGE,
    *output.CODES,
)
