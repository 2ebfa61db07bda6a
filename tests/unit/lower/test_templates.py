"""Templates: rendered per cluster in a child process that is kept from everything else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from compiler.lower.templates import Job, Limits, Problem, Renderer
from tests.unit.lower.apps import good, lower, objects

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = """
image: registry.example.com/cart:1
replicas: 2
ports: [{name: http, port: 80, targetPort: 8080}]
readinessProbe: {tcpSocket: {port: http}}
placement: {clusters: [hz-a, hz-b]}
templates: [extra/*.j2]
values: {tier: web, hosts: [a, b]}
versions: [{name: next, image: registry.example.com/cart:2, replicas: 1}]
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\ndata:\n"


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as one:
        yield one


def data(body: str, renderer: Renderer, where: str = "hz-a") -> dict[str, str]:
    """Data of a ConfigMap whose template's lines below `data:` are `body`."""
    lowered = good(BASE, {"apps/cart/extra/a.yaml.j2": CONFIG + body}, renderer=renderer)
    found: dict[str, str] = objects(lowered, where)[0].data["data"]
    return found


def wrong(template: str | bytes, renderer: Renderer) -> tuple[str, int, str]:
    """(code, line in the template, why) of the one finding of a template."""
    _, (finding,) = lower(BASE, {"apps/cart/extra/a.yaml.j2": template}, renderer=renderer)
    assert finding.origin.file == "apps/cart/extra/a.yaml.j2"
    return finding.code.name, finding.origin.line, finding.why


def text(template: str, renderer: Renderer, **context: object) -> str | Problem:
    (result,) = renderer.render({"t": template}, [Job("t", dict(context))])
    return result


def problem(template: str, renderer: Renderer, **context: object) -> tuple[str, str, int]:
    result = text(template, renderer, **context)
    assert isinstance(result, Problem), result
    return result.code.name, result.message, result.line


@pytest.mark.parametrize("name", sorted({*FILTERS, *TESTS} - {"random"}))
@pytest.mark.parametrize("value", ["'<b>a b</b> &amp; http://c.example.com'", "[1, 2]", "{'a': 1}", "1.5"])
def test_no_filter_and_no_test_needs_a_file(name: str, value: str, renderer: Renderer) -> None:
    """Modules that Jinja2 imports late are there before files can no longer be opened."""
    expression = f"{value}|{name}" if name in FILTERS else f"{value} is {name}"
    result = text(f"{{{{ {expression} }}}}", renderer)
    assert not isinstance(result, Problem) or "needs a file" not in result.message


# --- what templates see


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("app.name", "cart"),
        ("app.namespace", "shop"),
        ("app.image", "registry.example.com/cart:1"),
        ("app.replicas", "2"),
        ("app.ports[0].targetPort", "8080"),
        ("app.versions[0].name ~ app.versions[0].replicas", "next1"),
        ("cluster.name", "hz-a"),
        ("cluster.id", "c-one"),
        ("cluster.region", "cn-hangzhou"),
        ("cluster.zones | join(',')", "cn-hangzhou-a"),
        ("cluster.labels.env", "prod"),
        ("fleet.name", "acme"),
        ("values.hosts | length", "2"),
        ("values.missing | default('none')", "none"),
        ("values | tojson | length > 5", "True"),
    ],
)
def test_a_template_sees_its_app_and_cluster(expression: str, shown: str, renderer: Renderer) -> None:
    assert data(f'  x: "{{{{ {expression} }}}}"\n', renderer) == {"x": shown}


def test_every_cluster_has_its_own_rendering(renderer: Renderer) -> None:
    assert data("  x: '{{ cluster.id }}'\n", renderer, "hz-b") == {"x": "hz-b"}


def test_a_template_may_be_empty_in_a_cluster(renderer: Renderer) -> None:
    template = "{% if cluster.name == 'hz-b' %}\n" + CONFIG + "  x: tea\n{% endif %}\n"
    lowered = good(BASE, {"apps/cart/extra/a.yaml.j2": template}, renderer=renderer)
    assert [len(objects(lowered, where)) for where in ("hz-a", "hz-b")] == [0, 1]


def test_templates_may_import_each_other_by_path(renderer: Renderer) -> None:
    there = {
        "apps/cart/extra/a.yaml.j2": "{% import 'apps/cart/extra/b.j2' as b %}"
        + CONFIG
        + "  x: {{ b.shout('tea') }}\n",
        "apps/cart/extra/b.j2": "{% macro shout(word) %}{{ word | upper }}{% endmacro %}",
    }
    lowered = good(BASE, there, renderer=renderer)
    (plain,) = objects(lowered, "hz-a")
    assert plain.data["data"] == {"x": "TEA"}


def test_rendered_objects_are_placed_like_plain_ones(renderer: Renderer) -> None:
    patch = "overrides: [{where: {clusters: [hz-b]}, patch: {kind: ConfigMap, data: {x: patched}}}]"
    lowered = good(BASE + patch, {"apps/cart/extra/a.yaml.j2": CONFIG + "  x: tea\n"}, renderer=renderer)
    a, b = objects(lowered, "hz-a")[0].data, objects(lowered, "hz-b")[0].data
    assert a["metadata"]["namespace"] == "shop"
    assert (a["data"], b["data"]) == ({"x": "tea"}, {"x": "patched"})


def test_an_app_alone_starts_a_process_for_itself() -> None:
    good(BASE, {"apps/cart/extra/a.yaml.j2": CONFIG + "  x: tea\n"})


# --- what is wrong with them


def test_an_undefined_name_is_reported_at_its_line_once_for_all_clusters(renderer: Renderer) -> None:
    code, line, why = wrong(CONFIG + "  x: {{ values.teir }}\n", renderer)
    assert (code, line) == ("template-undefined", 6)
    assert why == "for cluster hz-a (and for 1 more): 'dict object' has no attribute 'teir'"


def test_a_syntax_error_is_reported_at_its_line(renderer: Renderer) -> None:
    code, line, _ = wrong(CONFIG + "  x: {{ values.tier }\n", renderer)
    assert (code, line) == ("template-error", 6)


def test_an_error_in_an_expression_is_reported_at_its_line(renderer: Renderer) -> None:
    code, line, why = wrong(CONFIG + "\n  x: {{ 1 / 0 }}\n", renderer)
    assert (code, line) == ("template-error", 7)
    assert "division by zero" in why


def test_an_error_in_an_imported_template_is_reported_there(renderer: Renderer) -> None:
    there = {
        "apps/cart/extra/a.yaml.j2": "{% import 'apps/cart/extra/b.j2' as b %}{{ b.x() }}",
        "apps/cart/extra/b.j2": "\n{% macro x() %}\n{{ nothing }}{% endmacro %}",
    }
    _, findings = lower(BASE, there, renderer=renderer)
    assert {(f.origin.file, f.origin.line) for f in findings} == {("apps/cart/extra/b.j2", 3)}


def test_other_files_cannot_be_included(renderer: Renderer) -> None:
    code, _, why = wrong("{% include '/etc/passwd' %}", renderer)
    assert code == "template-error"
    assert "/etc/passwd" in why


def test_rendered_text_that_is_no_yaml_names_template_cluster_and_line(renderer: Renderer) -> None:
    bad = "{% if cluster.name == 'hz-b' %}\n" + CONFIG + "  x: [\n{% endif %}\n"
    code, line, why = wrong(bad, renderer)
    assert (code, line) == ("yaml-syntax", 1)
    assert why.startswith("in line 7 of what it renders for cluster hz-b: ")


def test_rendered_objects_have_to_be_objects(renderer: Renderer) -> None:
    code, _, why = wrong("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {}\n", renderer)
    assert code == "bad-manifest"
    assert why.startswith("in line 4 of what it renders for cluster hz-a (and for 1 more): ")


def test_rendered_credentials_are_found(renderer: Renderer) -> None:
    code, _, _ = wrong("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: hunter2}\n", renderer)
    assert code == "plaintext-credential"


def test_a_template_that_is_no_text_is_reported(renderer: Renderer) -> None:
    code, _, why = wrong(b"a: \xff\n", renderer)
    assert code == "template-error"
    assert "byte 4" in why


# --- what they are kept from


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "cycler.__init__.__globals__",
        "(1).__class__.__mro__",
        "app.__class__.__base__.__subclasses__()",
        "namespace.__init__",
        "'{0.__class__}'.format(1)",
        "self._TemplateReference__context",
    ],
)
def test_a_template_cannot_reach_python(expression: str, renderer: Renderer) -> None:
    code, _, _ = problem(f"{{{{ {expression} }}}}", renderer, app={})
    assert code in {"template-error", "template-undefined"}


@pytest.mark.parametrize("template", ["{{ [1, 2] | random }}", "{{ lipsum() }}", "{{ now() }}"])
def test_nothing_random_is_offered(template: str, renderer: Renderer) -> None:
    assert problem(template, renderer)[0] in {"template-error", "template-undefined"}


@pytest.mark.parametrize(
    "template", ["{{ app.items }}", "{{ range.__doc__ ~ cycler('a').next }}", "{{ joiner() ~ '' }}"]
)
def test_addresses_of_objects_never_reach_the_output(template: str, renderer: Renderer) -> None:
    assert problem(template, renderer, app={"a": 1})[0] in {"template-error", "template-undefined"}


def test_values_cannot_be_changed(renderer: Renderer) -> None:
    code, _, _ = problem("{% do 1 %}", renderer)
    assert code == "template-error"
    code, _, _ = problem("{{ values.append(3) }}", renderer, values=[1])
    assert code == "template-error"


def test_one_template_leaves_nothing_behind_for_the_next(renderer: Renderer) -> None:
    text("{% set x = 1 %}{% macro m() %}{% endmacro %}", renderer)
    assert problem("{{ x }}", renderer)[0] == "template-undefined"
    assert problem("{{ m() }}", renderer)[0] == "template-undefined"


# --- limits


def test_endless_loops_end_and_the_other_jobs_are_rendered() -> None:
    slow = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    with Renderer(Limits(cpu_s=1)) as renderer:
        started = time.monotonic()
        results = renderer.render({"slow": slow, "good": "x"}, [Job(name, {}) for name in ("good", "slow", "good")])
        assert time.monotonic() - started < 30
    first, second, third = results
    assert (first, third) == ("x", "x")
    assert isinstance(second, Problem)
    assert (second.code.name, second.template) == ("template-limits", "slow")


def test_a_template_that_takes_too_long_is_tried_once_whatever_the_clusters() -> None:
    slow = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    with Renderer(Limits(cpu_s=1)) as renderer:
        started = time.monotonic()
        results = renderer.render({"slow": slow, "good": "x"}, [Job(name, {}) for name in ("slow", "good") * 20])
        assert time.monotonic() - started < 15
    assert [isinstance(result, Problem) for result in results] == [True, False] * 20


def test_what_is_no_text_is_a_finding(renderer: Renderer) -> None:
    assert problem(r"{{ '\ud800' }}", renderer)[0] == "template-error"
    _, message, _ = problem(r"{{ values['\x1b[31m\n\ud800'] }}", renderer, values={})
    assert message.isprintable()


def test_the_limit_of_time_is_for_each_job() -> None:
    busy = "{% for i in range(60) %}{% for j in range(9999) %}{% endfor %}{% endfor %}x"
    with Renderer(Limits(cpu_s=1)) as renderer:
        results = renderer.render({"busy": busy}, [Job("busy", {})] * 120)
    assert results == ["x"] * 120


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 999999999 }}",
        "{{ range(100001) | list }}",
        "{{ 'x' * 2000000 }}",
        "{% for i in range(30000) %}{{ 'x' * 100 }}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_too_much_memory_output_or_depth_is_a_finding(template: str, renderer: Renderer) -> None:
    assert problem(template, renderer)[0] == "template-limits"
    assert text("still here", renderer) == "still here"


def test_the_process_can_open_no_file_even_outside_of_the_sandbox() -> None:
    """The limits below the sandbox hold by themselves: a new file or socket needs a descriptor that is not there."""
    with Renderer() as renderer:
        assert text("x", renderer) == "x"
        assert renderer._process is not None
        limits = _limits(renderer._process.pid)
    assert limits["Max open files"] == ("3", "3")
    assert limits["Max file size"] == ("0", "0")
    assert limits["Max processes"] == ("0", "0")
    assert limits["Max core file size"] == ("0", "0")
    assert limits["Max address space"] == (str(512 << 20), str(512 << 20))


def test_the_process_sees_no_environment() -> None:
    with Renderer() as renderer:
        text("x", renderer)
        assert renderer._process is not None
        with open(f"/proc/{renderer._process.pid}/environ", "rb") as environment:  # noqa: PTH123 - no file of ours
            assert environment.read() == b"PYTHONHASHSEED=0\0"


def test_closing_ends_the_process() -> None:
    renderer = Renderer()
    text("x", renderer)
    process = renderer._process
    assert process is not None
    renderer.close()
    assert process.poll() is not None
    assert text("again", renderer) == "again"
    renderer.close()


def _limits(pid: int) -> dict[str, tuple[str, str]]:
    """Name -> (soft, hard) of a process (Linux)."""
    found = {}
    with open(f"/proc/{pid}/limits") as lines:  # noqa: PTH123 - no file of ours
        for line in lines:
            name, soft, hard = line[:26].strip(), *line[26:].split()[:2]
            found[name] = (soft, hard)
    return found
