"""The root that is compiled: its documents, the files that Apps name, and what changed since the last build."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from compiler.diagnostics import Diagnostics
from compiler.output.index import digest
from compiler.output.statblob import NOTHING, is_fresh, pack, record_of, stats_in
from compiler.pipeline.look import folder_looks, look
from compiler.source.documents import read_documents
from compiler.source.ignore import FILE_NAME as IGNORE
from compiler.source.repository import Entry, Told, WorkTree, is_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from compiler.output.cache import Cache
    from compiler.output.looks import FolderLook
    from compiler.output.statblob import Tick
    from compiler.pipeline.options import Options
    from compiler.source.documents import Document
    from compiler.source.repository import Repository


class Root:
    """One root during one compilation. Implements `compiler.lower.world.Files`."""

    def __init__(self, folder: str, repository: Repository, *, is_work_tree: bool) -> None:
        self.folder = folder
        """Folder of the root on disk."""
        self.is_work_tree = is_work_tree
        """Whether it is read from disk, and not from a Git revision."""
        self.nested: list[str] = []
        """Folders of nested roots, with a slash at the end; known once documents were read."""
        self._repository = repository
        self._listing: Diagnostics | None = None
        self._digests: dict[str, bytes] = {}
        self._extra: dict[str, bytes] = {}
        self._paths: list[str] = []
        self._stamps: dict[str, bytes] | None = None
        self._ignore_ctime_ns = 0
        self._known: dict[str, bytes] = {}
        """Stamps of folders that are as an earlier build remembered them."""
        self._unchanged: Mapping[str, bytes] | None = None
        """Stamps of all folders, where all are: then nothing is listed."""
        self._signatures: dict[str, dict[str, tuple[int, int, int, int]]] = {}
        """Folder -> signatures of its files, of such folders as findings point into."""

    # --- documents

    def entries(self) -> Sequence[Entry]:
        """All listed files; what was found while listing is told by `list`."""
        if self._listing is None:
            self._listing = Diagnostics()
            self._paths = [entry.path for entry in self._repository.entries(self._listing)]
        return self._repository.files()

    def list(self, findings: Diagnostics) -> list[str]:
        """Paths of the document files, sorted."""
        self.entries()
        assert self._listing is not None
        findings.extend(self._listing)
        return self._paths

    @property
    def is_listed_whole(self) -> bool:
        """Whether listing found nothing wrong: time stamps of files say nothing of links, pipes and the like."""
        self.entries()
        return not self._listing

    def read_document(self, path: str, findings: Diagnostics) -> bytes | None:
        """Content of a listed file; None after a finding."""
        raw = self._repository.read(path, findings)
        if raw is not None:
            self._digests[path] = digest(raw)
            if not self.is_work_tree:
                self.remember(path, raw)
        return raw

    def text(self, path: str) -> str | None:
        """Text of a file, for positions; None where it can't be read."""
        extra = self._extra.get(path)
        if extra is not None:
            return extra.decode("utf-8", "replace")
        if not self.is_work_tree:  # findings are printed when Git is gone
            return None
        if self._unchanged is not None:
            entry = self._unchanged_entry(path, self._unchanged)
            return None if entry is None else self._repository.text_of(entry)
        self.entries()
        return self._repository.text(path)

    def remember(self, path: str, raw: bytes) -> None:
        """Let findings point into a file that is not on disk below the root."""
        self._extra[path] = raw

    # --- files that Apps name

    def glob(self, base: str, pattern: str) -> Sequence[str]:
        """Listed files that a glob of an App in folder `base` names."""
        self.entries()
        return self._repository.glob(base, pattern)

    def read(self, path: str, findings: Diagnostics) -> bytes | None:
        """Content of such a file; None after a finding."""
        return self.read_document(path, findings)

    def documents(self, path: str, findings: Diagnostics) -> Sequence[Document]:
        """Documents of such a file."""
        raw = self.read_document(path, findings)
        return [] if raw is None else read_documents(path, raw, findings)

    # --- what changed

    def digests(self) -> Mapping[str, bytes]:
        """Digest of every file that was read so far."""
        return self._digests

    def ignored(self) -> Sequence[str]:
        """Folders that are not listed because `.fleetgateignore` names them."""
        self.entries()
        return self._repository.ignored()

    def generated(self) -> Sequence[str]:
        """Folders that are not listed because fleetgate wrote them."""
        self.entries()
        return self._repository.generated()

    def is_as(self, last: Cache) -> bool:
        """Whether one quick look at a root on disk shows what an earlier build remembered of it, and its listing found
        nothing wrong.

        Where it does not, a listing may still come to the same stamps: of links, say, or of files that
        `.fleetgateignore` names. That listing then spares the folders that this look found unchanged.
        """
        assert isinstance(self._repository, WorkTree)
        ignore = self._ignore_stamp()
        seen = look(self.folder, last)
        if seen is None:
            return False
        if seen.stamps | ignore == last.inputs and all(self._repository.is_generated(path) for path in last.generated):
            self._unchanged = last.inputs
            return True
        if ignore.get(IGNORE) == last.inputs.get(IGNORE):
            self._repository.tell({path: Told(stats_in(last.inputs[path]), seen.known[path]) for path in seen.known})
            self._known = {path: last.inputs[path] for path in seen.known}
        return False

    def _unchanged_entry(self, path: str, stamps: Mapping[str, bytes]) -> Entry | None:
        folder, _, name = path.rpartition("/")
        if folder not in self._signatures:
            self._signatures[folder] = dict(stats_in(stamps.get(folder, NOTHING)))
        signature = self._signatures[folder].get(name)
        return None if signature is None else Entry(path, signature[0], signature, is_document(path))

    def stamps(self) -> dict[str, bytes]:
        """Stat blob (`compiler.output.statblob`) of every folder with listed files; a stamp of `.fleetgateignore`."""
        if self._stamps is None:
            self._stamps = self._stat()
        return self._stamps

    def settled_stamps(self, tick: Tick) -> dict[str, bytes]:
        """The same; nothing, which no stat blob equals, for what is too fresh for its time stamps to be trusted."""
        stamps = self.stamps()
        fresh = {
            folder
            for entry in self.entries()
            if (folder := _folder(entry)) not in self._known and is_fresh(_signature(entry)[2], tick.ns)
        }
        if IGNORE in stamps and is_fresh(self._ignore_ctime_ns, tick.ns):
            fresh.add(IGNORE)
        return {path: b"" if path in fresh else blob for path, blob in stamps.items()} if fresh else stamps

    def _stat(self) -> dict[str, bytes]:
        folders: dict[str, tuple[list[str], list[int]]] = {}
        for entry in self.entries():
            folder, _, name = entry.path.rpartition("/")
            if folder in self._known:
                continue
            if folder not in folders:
                folders[folder] = ([], [])
            names, numbers = folders[folder]
            names.append(name)
            numbers += _signature(entry)
        others = {folder: pack(names, numbers) for folder, (names, numbers) in folders.items()}
        # A known folder is not listed any more where one above it became an output folder.
        listed = self._repository.folders() if self._known else ()
        known = {path: blob for path, blob in self._known.items() if path in listed}
        return known | others | self._ignore_stamp()

    def _ignore_stamp(self) -> dict[str, bytes]:
        try:
            found = os.stat(os.path.join(self.folder, IGNORE), follow_symlinks=False)  # noqa: PTH116, PTH118 - hot path
        except FileNotFoundError:
            return {}
        self._ignore_ctime_ns = found.st_ctime_ns
        return {IGNORE: record_of(found)}

    def difference(
        self, known: Mapping[str, bytes], digests: Mapping[str, bytes]
    ) -> tuple[dict[str, bytes], set[str], set[str]]:
        """(files that changed or came, with their digests; files that went; other names that came).

        `known` and `digests` are the stamps and digests of the last build. Only folders whose stamps differ are read.
        """
        stamps = self.stamps()
        moved = {f for f in stamps.keys() | known.keys() if stamps.get(f) != known.get(f)}
        changed: dict[str, bytes] = {}
        others: set[str] = set()
        present: set[str] = set()
        for entry in self.entries():
            if entry.path.rpartition("/")[0] not in moved:
                continue
            present.add(entry.path)
            if not entry.is_document and entry.path not in digests:
                others.add(entry.path)
                continue
            raw = self._repository.read(entry.path, Diagnostics())
            found = digest(raw) if raw is not None else b""
            if digests.get(entry.path) != found:
                changed[entry.path] = found
        gone = {p for p in digests if p.rpartition("/")[0] in moved and p not in present}
        return changed, gone, others

    def settled_folders(self, tick: Tick) -> dict[str, FolderLook]:
        """Every listed folder as it may be trusted later (`compiler.pipeline.look`)."""
        self.entries()
        return folder_looks(self.folder, self._repository.folders(), tick)

    def at_revision(self, revision: str) -> Root:
        """Another Git revision of the repository that holds this root, from its top."""
        from compiler.source.git_tree import GitTree  # noqa: PLC0415 - starts Git

        return Root(self.folder, GitTree(self.folder, revision), is_work_tree=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of Git."""
        close = getattr(self._repository, "close", None)
        if close is not None:
            close()


def _folder(entry: Entry) -> str:
    return entry.path.rpartition("/")[0]


def _signature(entry: Entry) -> tuple[int, int, int, int]:
    assert not isinstance(entry.signature, str), "a Git revision has no time stamps"
    return entry.signature


def open_root(options: Options) -> Root:
    """The root that the options name, not yet read."""
    if options.revision is None:
        return Root(options.root, WorkTree(options.root), is_work_tree=True)
    from compiler.source.git_tree import GitTree  # noqa: PLC0415 - starts Git

    repository = GitTree(options.root, options.revision, _below_top(options.root))
    return Root(options.root, repository, is_work_tree=False)


def _below_top(folder: str) -> str:
    """The path of a folder below the top of its Git work tree; "" for the top, and for a bare repository."""
    here = os.path.realpath(folder)
    above = here
    while not os.path.lexists(os.path.join(above, ".git")):  # noqa: PTH118 - pathlib has no lexists
        parent = os.path.dirname(above)  # noqa: PTH120 - the same
        if parent == above:
            return ""
        above = parent
    return os.path.relpath(here, above).replace(os.sep, "/").removeprefix(".")
