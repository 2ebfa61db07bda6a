"""Plaintext credentials: secrets that stand in an input instead of a reference to where they are kept.

Two things give a credential away: the name that it stands under (an environment variable `DB_PASSWORD`, a key of a
ConfigMap), and the form of the text itself (a private key, an access key, a URL with a password). The text never
appears in a finding.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from compiler.diagnostics import CONCEALED, Code, error
from compiler.model.app import App
from compiler.model.known import LISTS, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from compiler.diagnostics import Diagnostics, Origin, PathStep
    from compiler.model.app import Override, PodSpec
    from compiler.model.base import Document

PLAINTEXT_CREDENTIAL = error(
    "plaintext-credential",
    "a credential in plain text",
    "Whoever can read the repo, its history or the rendered tree can use this credential, and deleting the line does "
    "not delete it from the history. Keep it in a Secret that is made outside of this repo (by hand, by the External "
    "Secrets Operator, by Vault ...), refer to it with `valueFrom: {secretKeyRef: ...}`, `envFrom` or a `secret` "
    "volume, and replace the credential that was written here: it has leaked.\n\n"
    "Found are private keys, access keys of clouds and forges, URLs with a password, Authorization headers, arguments "
    "such as --password=..., the values of Secrets, and values under names that end in PASSWORD, SECRET, TOKEN, "
    "API_KEY and the like. Absolute paths, references such as $(NAME), placeholders in <...>, booleans and empty "
    "values are no credentials. A variable that holds only the name of a Secret is better called so: DB_SECRET_NAME.",
)
CODES: tuple[Code, ...] = (PLAINTEXT_CREDENTIAL,)

_FIX_VARIABLE = "refer to a Secret (`valueFrom: {secretKeyRef: ...}`), and replace the credential: it has leaked"
_FIX = "keep it in a Secret that is made outside of this repo, and replace the credential: it has leaked"

# The patterns stay uncompiled: only what gives a first sign is looked at more closely, and `re` keeps what it compiled.
_FORMS: tuple[tuple[str, str], ...] = (
    ("a private key", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----"),
    ("an AWS access key", r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("an Alibaba Cloud access key", r"\bLTAI[0-9A-Za-z]{12,26}\b"),
    ("a GitHub token", r"\b(gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{40})"),
    ("a GitLab token", r"\bglpat-[0-9A-Za-z_-]{20}"),
    ("a Slack token", r"\bxox[abeoprs]-[0-9A-Za-z-]{10}"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("an Authorization header", r"(?i)\bauthorization\W{1,4}(bearer|basic|token)\s+[\w+/.=~-]{8}"),
    # what follows may be a reference, a placeholder, a mask, a number
    ("an argument with a credential", r"^--?[\w-]*(password|passwd|token|api-?key)=(?![$<{*/]|(\d+|true|false)$)."),
    ("a URL with a password", r"://[^\s/:@\"'<>]{0,256}:(?![$<{*%])[^\s/@\"'<>]{1,256}@"),
)
"""(what it is, pattern)."""

_SIGN = rb"PRIVATE KEY|A[KS]IA|LTAI|AIza|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|://[^\"/\s]*@"
_SIGN += rb"|[Aa]uthorization\W{1,4}\w{5,6} |password=|passwd=|token=|api-?key="
"""A first sign of any of these forms in the JSON of a document: all documents are searched for it."""

_NAME_ENDS = (
    *(
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "TOKEN",
        "CREDENTIAL",
        "CREDENTIALS",
        "KEY",
        "AUTHORIZATION",
        "PWD",
    ),
)
_NAME = (
    r"(PASSWORD|PASSWD|PASSPHRASE"
    r"|(^|[^A-Z])(SECRET|TOKEN|CREDENTIALS?|APIKEY|AUTHORIZATION|(API|PRIVATE|ACCESS|SECRET|SIGNING|ENCRYPTION)[^A-Z]?KEY)"
    r"|[^A-Z]PWD)$"
)
"""Names that end in a word for a credential, in capitals: PGPASSWORD, API-KEY; not PASSWORD_FILE or MAX_TOKENS."""
_HUMP = r"(?<=[a-z0-9])(?=[A-Z])"

_HARMLESS = (
    r"(?is)true|false|yes|no|on|off|none|null|/[\w./-]+|<.*>|\*+|.*(\$\(|\$\{|\{\{).*"
    r"|[a-z][a-z0-9+.-]*://.*|(vault|arn|secretref):.*|ref\+.*"
)
"""Values under such a name that are none: booleans, paths, placeholders, references; URLs are judged by their form."""

_PAIR = r"""(?<![\w.-])([\w.-]{1,64})["']?\s{0,8}[:=](?=(?:!\S{1,32} |[-|>"'\[{\x00-\x20]){0,64}([^\s"',}\]]{1,256}))"""
"""A name and, ahead of where the search goes on, the beginning of its value, in any notation."""

_REFERENCE = r"""\b(nginx|mse)\.ingress\.kubernetes\.io/[a-z-]+-secret(?=["']?\s{0,8}:)"""
"""Annotations of an Ingress that name a Secret, and hold none."""

_NAMED_MAPS = frozenset(("data", "values"))
"""Fields with a mapping whose keys name its values: `data` of ConfigMaps, `values` of templates."""


def check_credentials(document: Document, origin: Origin, findings: Diagnostics) -> None:
    """Report every plaintext credential in a decoded document."""
    if _may_hold_any(document):
        credentials_in(msgspec.to_builtins(document), origin, findings)


def credentials_in(data: Any, origin: Origin, findings: Diagnostics) -> None:
    """Report every plaintext credential in plain data: a document as read, or a manifest that an App places.

    `origin` is the place of `data`.
    """
    for path, why in _found(data, (), under_name=False):
        variable = _name_beside(data, path)
        name = variable or next((step for step in reversed(path) if isinstance(step, str)), "")
        fix = _FIX_VARIABLE if variable else _FIX
        findings.add(PLAINTEXT_CREDENTIAL, origin.at(*path), f"{name}: {CONCEALED}" if name else CONCEALED, why, fix)


def conceals(data: Any, path: Sequence[PathStep]) -> bool:
    """Whether the value at `path` may be a credential, so that a finding must not show it."""
    value = data
    for step in path:
        value = value[step]
    if isinstance(value, str) and _form(value):
        return True
    return any(isinstance(step, str) and is_secret_name(step) for step in path) or is_secret_name(
        _name_beside(data, path) or ""
    )


@functools.lru_cache(maxsize=8)
def may_show_any(line: str) -> bool:
    """Whether a line of an input, whatever is wrong with it, may show a credential: findings show others only."""
    if _form(line):
        return True
    pairs = re.findall(_PAIR, re.sub(_REFERENCE, "", line))
    if any(is_secret_name(name) and not re.fullmatch(_HARMLESS, value) for name, value in pairs):
        return True
    variables = [value for name, value in pairs if name == "name"]
    if any(name == "value" for name, _ in pairs) and any(map(is_secret_name, variables)):
        return True
    return ("kind", "Secret") in pairs and any(name in ("data", "stringData") for name, _ in pairs)


def _may_hold_any(document: Document) -> bool:
    """Whether it is worth a closer look; all documents pay for this one."""
    if not isinstance(document, App):
        return _signs()(msgspec.json.encode(document)) is not None
    spec = document.spec
    if spec.overrides:
        if _any_may_hold(spec.overrides):
            return True
        document = structs.replace(document, spec=structs.replace(spec, overrides=()))
    return (
        _signs()(msgspec.json.encode(document)) is not None
        or bool(spec.values)
        or _names_any(spec)
        or any(map(_names_any, spec.versions))
    )


_may_hold = Known[bool](LISTS)
"""Of the overrides of an App; those of many Apps are one object."""


def _any_may_hold(overrides: tuple[Override, ...]) -> bool:
    known = _may_hold.get(overrides)
    if known is None:
        known = _signs()(msgspec.json.encode(overrides)) is not None or any(
            each.patch is not None or (each.set is not None and _names_any(each.set)) for each in overrides
        )
        _may_hold.put(overrides, known)
    return known


@functools.cache
def _signs() -> Callable[[bytes], object]:
    """The search for `_SIGN`. RE2 takes a tenth of the time of `re`, which tries every sign at every place."""
    try:
        import re2  # noqa: PLC0415 - may be missing
    except ImportError:
        return re.compile(_SIGN).search
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    search: Callable[[bytes], object] = re2.compile(_SIGN, options).search
    return search


def _names_any(pod: PodSpec) -> bool:
    """Whether a variable, a key of the config or a header of a probe is called like a credential."""
    for variable in pod.env or ():
        if variable.value and is_secret_name(variable.name):
            return True
    if pod.config is not None and any(map(is_secret_name, pod.config.data)):
        return True
    for probe in (pod.readiness_probe, pod.liveness_probe, pod.startup_probe):
        if probe is not None and probe.http_get is not None and probe.http_get.http_headers:
            return True
    return False


def _found(data: Any, path: tuple[PathStep, ...], *, under_name: bool) -> Iterator[tuple[tuple[PathStep, ...], str]]:
    """(path, why) of every credential; `under_name` says that the keys of `data` name its values."""
    if isinstance(data, str):
        form = _form(data)
        if form:
            yield path, f"this is {form}"
    elif isinstance(data, list | tuple):
        for index, item in enumerate(data):
            yield from _found(item, (*path, index), under_name=under_name)
    elif isinstance(data, dict):
        kind = data.get("kind")
        if kind == "Secret" and data.get("apiVersion") == "v1":
            yield from _of_secret(data, path)
            return
        for key, value in data.items():
            if isinstance(value, str) and not _form(value) and _is_named(data, path, key, value, under_name=under_name):
                yield (*path, key), "the name says that this is a credential"
            else:
                below = key in _NAMED_MAPS or (under_name and path[-1:] != ("data",))
                yield from _found(value, (*path, key), under_name=below)


def _of_secret(data: Mapping[str, Any], path: tuple[PathStep, ...]) -> Iterator[tuple[tuple[PathStep, ...], str]]:
    for field in ("data", "stringData"):
        values = data.get(field)
        if isinstance(values, dict):
            for key, value in values.items():
                if value:
                    yield (*path, field, key), "this is a value of a Secret"


def _is_named(data: Mapping[str, Any], path: tuple[PathStep, ...], key: str, value: str, *, under_name: bool) -> bool:
    """Whether a text is a credential by what it is called: the key, or the `name` beside a `value`."""
    if not value or re.fullmatch(_HARMLESS, value.strip()):
        return False
    if key == "value":
        name = data.get("name")
        return isinstance(name, str) and is_secret_name(name)
    # the values of templates often hold the name of an existing Secret
    return under_name and is_secret_name(key) and ("data" in path[-1:] or not key.upper().endswith("SECRET"))


def is_secret_name(name: str) -> bool:
    """Whether a variable or key of this name holds a credential."""
    if not name.upper().endswith(_NAME_ENDS):
        return False
    return any(re.search(_NAME, form.upper()) for form in (name, re.sub(_HUMP, "_", name)))


def _form(text: str) -> str | None:
    """What a text is by its form, where that is a credential."""
    if len(text) < 8 or not re.search(_SIGN.decode(), text):
        return None
    return next((what for what, pattern in _FORMS if re.search(pattern, text)), None)


def _name_beside(data: Any, path: Sequence[PathStep]) -> str | None:
    """The `name` in the mapping whose `value` the path leads to."""
    if not path or path[-1] != "value":
        return None
    for step in path[:-1]:
        data = data[step]
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) else None
