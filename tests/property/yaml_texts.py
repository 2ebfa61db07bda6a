"""YAML as people, generators and attackers write it: strategies that mix all of YAML's forms, right and wrong."""

from __future__ import annotations

from hypothesis import strategies as st

SCALARS = (
    *(
        "x",
        "x y",
        "é 😀",
        "it's",
        'a"b',
        "a#b",
        "a #b",
        "a,b",
        "a]",
        "a}",
        "a:",
        "a::b",
        "a: b",
        ":a",
        "-x",
        "--flag=x",
    ),
    *(
        "?x",
        "x?y",
        "$x",
        "^/(.*)$",
        "http://a:80/b?c=d#e",
        "a/b.c-d",
        "*.example.com",
        "a&b",
        "!",
        "%a",
        "@a",
        "`",
        "=",
    ),
    *("true", "True", "false", "null", "Null", "~", "", "yes", "No", "on", "OFF", "y", "N", "nope", "yes sir", "none"),
    *("0", "1", "-1", "+1", "00", "017", "0o17", "0x1F", "0b11", "1_000", "1:30", "08", "12345678901234567890", "1."),
    *(
        "1.5",
        "1.50",
        "1.0",
        "-0.0",
        ".5",
        ".5_0",
        "1e3",
        "1e400",
        "1.5e+3",
        ".inf",
        "-.INF",
        ".nan",
        "9" * 18,
        "9" * 19,
    ),
    *(
        "100m",
        "128Mi",
        "1m30s",
        "5e",
        "0x",
        "1b",
        "1.2.3",
        "10.0.0.0/8",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "8080:80",
    ),
    *(
        "'x'",
        "''",
        "'it''s'",
        '"x"',
        '""',
        '"a\\"b\\\\c\\n\\t"',
        '"\\x41"',
        '"\\u00e9"',
        '"\\/"',
        '"\\q"',
        '"é"',
        "'1'",
    ),
    *(
        "{}",
        "[]",
        "{ }",
        "[ ]",
        "[a, b]",
        "[80, 443]",
        "[80, 443, 8080]",
        "[true, null, 1.5]",
        "[yes]",
        "[a:b]",
        "[a: b]",
    ),
    *("{a: 1}", "{a: b, c: d}", "{a: {b: [c, {d: e}]}}", "{a: 1, 2}", "{a: [80], 80, b: c}", "{80: a}", "{true: a}"),
    *(
        "{a}",
        "{a, b: c}",
        "{y: 1}",
        "{a: y}",
        "{a:b}",
        '{"a":1}',
        '{"a": 1}',
        "{a: ,b: }",
        "[,]",
        "[a,]",
        "[a",
        "{a: b",
    ),
    *("|", "|-", ">+", "|2", "|x", "&x a", "&x [a]", "*x", "!!str 1", "!!int '1'", "!!float 1", "!foo a", "! a", "<<"),
)
"""What can stand for a value, good and bad."""

KEYS = (
    *(
        "a",
        "b",
        "c",
        "name",
        "k.x/y-z",
        "x y",
        "a: b",
        "é",
        '"q"',
        "'q'",
        '"a b"',
        "1",
        "1.5",
        "0x1",
        "true",
        "null",
        "~",
    ),
    *(
        "yes",
        "on",
        "y",
        "2001-01-01",
        "<<",
        "? a",
        "&x a",
        "*x",
        "!!str a",
        "-a",
        "{a}",
        "[a]",
        "a#",
        "#a",
        "",
        "a" * 1030,
    ),
)

_DRESSED = st.sampled_from(("", "", "", " ", "  ", " # c", "# c", "\t", " "))

_LINE = st.one_of(
    st.builds(
        "{}{}{}:{}{}{}".format,
        st.sampled_from(("", "", "", "  ", "  ", "    ", " ", "\t")),
        st.sampled_from(("", "", "", "- ", "-  ", "- - ", "-")),
        st.sampled_from(KEYS),
        st.sampled_from((" ", " ", " ", "  ", "", "\t")),
        st.sampled_from(SCALARS),
        _DRESSED,
    ),
    st.builds("{}{}:{}".format, st.sampled_from(("", "  ", "    ")), st.sampled_from(KEYS), _DRESSED),
    st.builds("{}- {}{}".format, st.sampled_from(("", "  ", "    ")), st.sampled_from(SCALARS), _DRESSED),
    st.builds("{}{}".format, st.sampled_from(("", "  ", "    ")), st.sampled_from(SCALARS)),
    st.sampled_from(
        ("---", "--- ", "--- # c", "--- a", "---a", "...", "# c", "", "  ", "%YAML 1.2", "\ufeff", "\x85", "\u2028")
    ),
)
LINES = st.builds(
    lambda lines, end, last: end.join(lines) + last,
    st.lists(_LINE, min_size=1, max_size=8),
    st.sampled_from(("\n", "\n", "\n", "\r\n", "\r")),
    st.sampled_from(("\n", "\n", "")),
)
"""Files made of lines that are each plausible."""

EVERYDAY = st.builds(
    lambda entries: "".join(f"{key}: {scalar}\n" for key, scalar in entries.items()),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(SCALARS), min_size=1, max_size=6),
)
"""Flat mappings with every kind of scalar."""

_NUMERIC = st.text("0123456789+-._:eExXobBaAfFiInN~=", min_size=1, max_size=10)
_CONTEXTS = (
    "a: {}\n",
    "a:\n- {}\n",
    "a: [{}]\n",
    "a: {{b: {}}}\n",
    "{}: a\n",
    "a:\n  {}\n",
    "a: {} # c\n",
    "a: [x, {}, y]\n",
)
NUMERIC = st.builds(lambda context, scalar: context.format(scalar), st.sampled_from(_CONTEXTS), _NUMERIC)
"""Whatever looks like a number, wherever a scalar can stand."""

SOUP = st.lists(
    st.one_of(
        st.sampled_from(SCALARS),
        st.sampled_from(
            ("\n", "\n  ", "- ", ": ", ":", " ", ", ", "[", "]", "{", "}", "'", '"', "#", "|", ">", "&x ", "*x")
        ),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)
"""Tokens in any order."""

_PARTS = st.sampled_from(
    (
        *(
            "a:",
            "b:",
            "c:",
            "a: x",
            "b: 1",
            'c: "y"',
            "d: [x, y]",
            "e: {f: g}",
            "a: # c",
            "b: null",
            "c: x # c:",
            "d :",
        ),
        *(
            "- x",
            "- 1",
            "- [x]",
            "- {a: x}",
            "- a:",
            "- a: x",
            "- b: 1",
            "-  b:",
            "-   c: x",
            "- a: # c",
            "- - x",
            "- - a: x",
        ),
        *(
            "-",
            "- # c",
            "- null",
            "- b: null",
            "# c",
            "",
            "",
            "---",
            "---",
            "--- a: x",
            "...",
            "x",
            "x y",
            "[x",
            "x]",
            '"x',
            'y"',
        ),
        *("d: [x, [y]", "e: y]", "- [[x]", "- y]", "- {a: x", "a: x}"),
        *(
            "a: |",
            "b: |-",
            "- |",
            "- a: |",
            "-   b: |-",
            "- - |",
            "a:  |",
            "a: | # c",
            "a: |2",
            "a: |+",
            "# a: |",
            "a: b |",
        ),
        *("x: |", 'a: "x: |', "a: x - |", "a: >", "\tx", "x ", " ", "'", "# x\n", "\u00e9"),
    )
)
STRUCTURES = st.lists(st.tuples(st.integers(0, 4), _PARTS), min_size=1, max_size=9).map(
    lambda lines: "\n".join([" " * indent + part for indent, part in lines])
)
"""Lines that are each plain and simple, at any indentation: is the structure that they make read alike?"""

_BLOCK_LINES = st.sampled_from(
    ("x", "x", "x y", "y: z", "# c", "- x", "", "", " ", "x ", "a: |", "\tx", "---", "...", '"', "\u00e9 x")
)
BLOCKS = st.builds(
    "{}{}{}\n{}{}".format,
    st.sampled_from(("", "a:\n", "k: v\n", "---\n")),
    st.sampled_from(("", "  ", "- ", "  - ")),
    st.sampled_from(
        ("a: |", "a: |", "b: |-", "|", "|-", "a:   |", '"a": |', "a: |+", "a: |1", "a: >", "a: x: |", "a b: |")
    ),
    st.lists(st.tuples(st.sampled_from((4, 4, 4, 4, 4, 5, 3, 2, 0)), _BLOCK_LINES), min_size=1, max_size=6).map(
        lambda lines: "\n".join([" " * indent + line for indent, line in lines])
    ),
    st.sampled_from(("", "\n", "\n", "\n\n", "\nz: 1", "\nz: 1\n", "\n  c: 1\n", "\n- x\n")),
)
"""Literal blocks, their lines at any indentation."""

TEXTS = st.one_of(LINES, EVERYDAY, NUMERIC, STRUCTURES, BLOCKS, SOUP)
