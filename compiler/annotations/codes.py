"""Every code that this room reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.annotations.affinity import AFFINITY_CANARY_BEHAVIOR
from compiler.annotations.canary import CANARY_NO_RULE
from compiler.annotations.load_balance import HASH_HEADER_UNDERSCORE, LOAD_BALANCE_EWMA
from compiler.annotations.names import (
    ANNOTATION_FOREIGN,
    ANNOTATION_INGRESS_CLASS,
    ANNOTATION_KEY,
    ANNOTATION_KIND,
    ANNOTATION_NOOP,
    ANNOTATION_PREFIX,
    ANNOTATION_UNKNOWN,
    ANNOTATION_UNSUPPORTED,
)
from compiler.annotations.paths import REWRITE_DROPS_REST, REWRITE_GROUP
from compiler.annotations.patterns import ANNOTATION_REGEX, ANNOTATION_REGEX_SIZE
from compiler.annotations.read import (
    ANNOTATION_BOTH_PREFIXES,
    ANNOTATION_EMPTY,
    ANNOTATION_TOO_NEW,
    ANNOTATIONS_TOO_LARGE,
)
from compiler.annotations.relations import ANNOTATION_CONFLICT, ANNOTATION_NO_EFFECT, ANNOTATION_REQUIRES
from compiler.annotations.upstream_tls import UPSTREAM_TLS_IMPLIED, UPSTREAM_TLS_UNUSED
from compiler.annotations.values import ANNOTATION_VALUE

if TYPE_CHECKING:
    from compiler.diagnostics import Code

CODES: tuple[Code, ...] = (
    ANNOTATION_VALUE,
    ANNOTATION_REGEX,
    ANNOTATION_REGEX_SIZE,
    ANNOTATION_EMPTY,
    ANNOTATION_BOTH_PREFIXES,
    ANNOTATION_TOO_NEW,
    ANNOTATIONS_TOO_LARGE,
    ANNOTATION_REQUIRES,
    ANNOTATION_NO_EFFECT,
    ANNOTATION_CONFLICT,
    ANNOTATION_UNKNOWN,
    ANNOTATION_PREFIX,
    ANNOTATION_NOOP,
    ANNOTATION_UNSUPPORTED,
    ANNOTATION_KIND,
    ANNOTATION_FOREIGN,
    ANNOTATION_INGRESS_CLASS,
    ANNOTATION_KEY,
    CANARY_NO_RULE,
    REWRITE_DROPS_REST,
    REWRITE_GROUP,
    LOAD_BALANCE_EWMA,
    HASH_HEADER_UNDERSCORE,
    AFFINITY_CANARY_BEHAVIOR,
    UPSTREAM_TLS_UNUSED,
    UPSTREAM_TLS_IMPLIED,
)
