"""All findings of this room, in the order of their modules."""

from __future__ import annotations

from compiler.source import documents, git_tree, ignore, jsonfile, nodes, repository, text, values

CODES = (
    *repository.CODES,
    *git_tree.CODES,
    *ignore.CODES,
    *documents.CODES,
    *text.CODES,
    *nodes.CODES,
    *values.CODES,
    *jsonfile.CODES,
)
