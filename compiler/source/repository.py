"""The files of a root: from a folder on disk, or (in `compiler.source.git_tree`) from any Git revision.

Listed is every file below the root except: hidden files and folders (their name begins with a dot), folders whose
`index.json` says that fleetgate wrote them, and what `.fleetgateignore` names. Globs that Apps claim and nested roots
are the caller's to leave out, who alone has read the documents. Nothing is followed: a symbolic link that could
matter is an error.
"""

from __future__ import annotations

import os
import re
import stat
from abc import ABC, abstractmethod
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Final, Self

import msgspec

from compiler.diagnostics import Diagnostics, Origin, error
from compiler.source import ignore
from compiler.source.documents import MAX_FILE_BYTES, report_too_large
from compiler.source.globs import match_glob

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from compiler.diagnostics import Code

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""What a file is read for, in any case of its letters."""
INDEX: Final = "index.json"
INCOMPLETE: Final = ".fleetgate-incomplete"
"""Lies in an output folder while a build moves files there; if it was killed, the index may not be there yet."""
MAX_FILES: Final = 200_000
MAX_TOTAL_BYTES: Final = 1 << 30

SYMBOLIC_LINK = error(
    "symbolic-link",
    "a symbolic link stands where a file or folder is read",
    """
Links are never followed: they could lead out of the root, in circles, or around the paths that tenants are held to.
A link is fine only if it points at a file below the root and is not itself named *.yaml, *.yml or *.json.

Put the file or folder itself in its place, or name the link in `.fleetgateignore`.
""",
)
PATH_ENCODING = error(
    "path-encoding",
    "the name of a file or folder is not plain text",
    """
Names are UTF-8 text without control characters, so that every finding can name its file, and so that every machine
sees the same path. Rename the file or folder, or leave out the folder that holds it in `.fleetgateignore`.
""",
)
SPECIAL_FILE = error(
    "special-file",
    "a name that promises a document belongs to something that is not a file",
    """
A pipe, socket or device is named *.yaml, *.yml or *.json. Reading it could wait for ever, so it is not opened. Remove
it, or name it in `.fleetgateignore`.
""",
)
NESTED_REPOSITORY = error(
    "nested-repository",
    "a folder is a Git repository of its own",
    """
A submodule or a clone inside the root is no part of the revision that is compiled: the same commit could compile to
different things on different machines. Copy the files in, or name the folder in `.fleetgateignore`.
""",
)
UNREADABLE_FILE = error(
    "unreadable-file",
    "a file or folder cannot be read",
    """
The operating system or Git refused to hand it over: permissions, a file that vanished while fleetgate ran, or an
object that a partial clone does not have (`git fetch --refetch` gets it).
""",
)
ROOT_TOO_LARGE = error(
    "root-too-large",
    "there are too many files below the root",
    f"""
Below one root at most {MAX_FILES:,} files are listed, and documents of at most {MAX_TOTAL_BYTES >> 30} GiB. That is
far more than the largest fleets need; something else probably lies there. Name it in `.fleetgateignore`, or split the
fleet into several roots.
""",
)
CODES = (SYMBOLIC_LINK, PATH_ENCODING, SPECIAL_FILE, NESTED_REPOSITORY, UNREADABLE_FILE, ROOT_TOO_LARGE)

_IGNORE: Final = "or name it in .fleetgateignore"
_BEYOND_TEXT: Final = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_OURS: Final = rb'\s*\{\s*"generator"\s*:\s*"fleetgate"\s*[,}]'
"""Patterns that few runs need are compiled when they are used."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A listed file."""

    path: str
    """Below the root, with forward slashes."""
    size: int
    """Bytes."""
    signature: tuple[int, int, int, int] | str
    """Equal only if the content is: (size, mtime, ctime, inode) with times in ns on disk, the blob's id in Git."""
    is_document: bool
    """Whether it is read as YAML or JSON."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a folder holds that was listed before, without a finding, and has not changed since."""

    files: Iterable[tuple[str, tuple[int, int, int, int]]]
    """Names of its files, all of them listed, with their signatures."""
    folders: Sequence[str]
    """Names of its visible folders."""


class Repository(ABC):
    """Where the compiler's input comes from. Use it in a `with`, or close it."""

    def __init__(self) -> None:
        self._listing: Listing | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - a folder on disk has nothing to close
        """End what is open; `read` and `text` are over then."""

    def entries(self, found: Diagnostics) -> list[Entry]:
        """The documents, sorted by path. The first call lists the files and reports; later ones only repeat it."""
        if self._listing is None:
            self._listing = Listing(found)
            self._list(self._listing)
            self._listing.sort()
        return self._listing.documents

    def files(self) -> list[Entry]:
        """All listed files, documents among them, sorted by path. After `entries`."""
        return self._listed.files

    def generated(self) -> list[str]:
        """Folders that were left out because fleetgate wrote them, sorted; "" is the root itself. After `entries`."""
        return self._listed.generated

    def ignored(self) -> list[str]:
        """The topmost folders that were left out because `.fleetgateignore` names them. After `entries`."""
        return self._listed.ignored_folders

    def folders(self) -> dict[str, list[str]]:
        """Folders on disk that were listed, with the names of their visible subfolders, whatever becomes of these.

        Those with a symbolic link are left out: what is found there depends on other folders. After `entries`.
        """
        return self._listed.folders

    def glob(self, folder: str, pattern: str) -> list[str]:
        """Listed files that a pattern of an App in `folder` names (`compiler.source.globs`). After `entries`."""
        return match_glob(folder, pattern, self._listed.paths)

    def read(self, path: str, found: Diagnostics) -> bytes | None:
        """The content of a listed file; None after a finding. Another path is a mistake of ours: KeyError."""
        return self._read_bounded(self._listed.entries[path], found)

    def text(self, path: str) -> str | None:
        """The content as text for people, whatever the bytes; None where it is not listed or cannot be read."""
        if self._listing is None or path not in self._listing.entries:
            return None
        return self.text_of(self._listing.entries[path])

    def text_of(self, entry: Entry) -> str | None:
        """The same of a file that is known to be as it was listed once."""
        raw = self._read_bounded(entry, Diagnostics())
        return None if raw is None else raw.decode("utf-8", "replace")

    def _read_bounded(self, entry: Entry, found: Diagnostics) -> bytes | None:
        if entry.size > MAX_FILE_BYTES:
            report_too_large(entry.path, entry.size, found)
            return None
        return self._read(entry, found)

    @property
    def _listed(self) -> Listing:
        assert self._listing is not None, "entries() comes first"
        return self._listing

    @abstractmethod
    def _list(self, listing: Listing) -> None:
        """Find all files."""

    @abstractmethod
    def _read(self, entry: Entry, found: Diagnostics) -> bytes | None:
        """The content of a file that is not too large; None after a finding."""


class Listing:
    """The files of a root as they are found, by the rules that both kinds of repository share."""

    def __init__(self, found: Diagnostics) -> None:
        self.found = found
        self.ignored = ignore.Ignore()
        self.entries: dict[str, Entry] = {}
        """By path."""
        self.files: list[Entry] = []
        self.documents: list[Entry] = []
        self.paths: list[str] = []
        self.generated: list[str] = []
        self.ignored_folders: list[str] = []
        self.folders: dict[str, list[str]] = {}
        self.is_full = False
        """Whether there are too many files, so that the search is over."""
        self._document_bytes = 0

    def ignore(self, raw: bytes) -> None:
        """Take the rules of `.fleetgateignore`; before anything else."""
        self.ignored = ignore.parse(raw, self.found)

    def takes(self, path: str, name: str, *, is_folder: bool) -> bool:
        """Whether a file or folder is listed, going by its name; findings for names that are no text."""
        if name[0] == ".":
            return False
        if self.ignored.rules and self.ignored.leaves_out(path, is_folder=is_folder):
            if is_folder:
                self.ignored_folders.append(path)
            return False
        # isprintable is quick and stricter than we are, and its answer may differ between versions of Python.
        if not name.isprintable() and re.search(_BEYOND_TEXT, name):
            why = "the name holds bytes that are not UTF-8, or control characters"
            self.report(PATH_ENCODING, path, why, f"rename it, {_IGNORE}")
            return False
        return True

    def add(self, path: str, size: int, signature: tuple[int, int, int, int] | str) -> None:
        """List a file."""
        named_as_document = is_document(path)
        if named_as_document:
            self._document_bytes += size
        if len(self.entries) >= MAX_FILES or self._document_bytes > MAX_TOTAL_BYTES:
            self.is_full = True
            why = f"more than {MAX_FILES:,} files lie below the root"
            if self._document_bytes > MAX_TOTAL_BYTES:
                why = f"the documents below the root have more than {MAX_TOTAL_BYTES:,} bytes"
            self.report(ROOT_TOO_LARGE, path, why, f"name what is not meant for fleetgate in {ignore.FILE_NAME}")
            return
        self.entries[path] = Entry(path, size, signature, named_as_document)

    def refuse_link(self, path: str, target: str) -> None:
        """Report a symbolic link that could matter."""
        why = f"this is a symbolic link to {shown(target)}, and links are never followed"
        self.report(SYMBOLIC_LINK, path, why, f"put what it points at in its place, {_IGNORE}")

    def refuse_nested(self, folder: str) -> None:
        """Report a Git repository inside of the root."""
        why = "this folder is a Git repository of its own, which is no part of the revision that is compiled"
        self.report(NESTED_REPOSITORY, folder, why, f"copy its files in, {_IGNORE}")

    def report(self, code: Code, path: str, why: str, fix: str) -> None:
        """A finding about a file or folder as a whole."""
        self.found.add(code, Origin(shown(path), line=1, column=1), shown(path), why, fix)

    def sort(self) -> None:
        """Bring the files into their order once all are found."""
        self.paths = sorted(self.entries)
        self.files = [self.entries[path] for path in self.paths]
        self.documents = [entry for entry in self.files if entry.is_document]
        self.generated.sort()


class WorkTree(Repository):
    """The files of a folder as they are on disk now."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        super().__init__()
        self._root = os.fspath(root)
        self._told: Mapping[str, Told] = {}

    def tell(self, told: Mapping[str, Told]) -> None:
        """What is known of folders, so that they need not be looked at; before anything is listed."""
        self._told = told

    def _list(self, listing: Listing) -> None:
        self._read_ignore(listing)
        folders = [""]
        while folders and not listing.is_full:
            folder = folders.pop()
            if (told := self._told.get(folder)) is not None:
                folders += self._list_told(folder, told, listing)
                continue
            try:
                with os.scandir(self._at(folder)) as scan:
                    children = list(scan)
            except OSError as failed:
                listing.report(UNREADABLE_FILE, folder or ".", _reason(failed), f"mend it, {_IGNORE}")
                continue
            names = {child.name for child in children}
            if folder and ".git" in names:
                listing.refuse_nested(folder)
            elif INCOMPLETE in names or (INDEX in names and self._is_ours(folder)):
                listing.generated.append(folder)
            else:
                folders += self._list_folder(folder, children, listing)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _list_folder(self, folder: str, children: list[os.DirEntry[str]], listing: Listing) -> list[str]:
        """List the files of a folder; its folders."""
        folders: list[str] = []
        visible = listing.folders[folder] = []
        prefix = f"{folder}/" if folder else ""
        for child in children:
            path = prefix + child.name
            # Directory entries know their kind, so that only files cost a call to the system.
            is_folder = child.is_dir(follow_symlinks=False)
            if is_folder and child.name[0] != ".":
                visible.append(child.name)
            if not listing.takes(path, child.name, is_folder=is_folder):
                continue
            if is_folder:
                folders.append(path)
            elif child.is_symlink():
                listing.folders.pop(folder, None)
                self._check_link(path, listing)
            elif child.is_file(follow_symlinks=False):
                try:
                    status = child.stat(follow_symlinks=False)
                except OSError as failed:
                    listing.report(UNREADABLE_FILE, path, _reason(failed), f"mend it, {_IGNORE}")
                    continue
                signature = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
                listing.add(path, status.st_size, signature)
                if listing.is_full:
                    return []
            elif is_document(path):
                why = "this is a pipe, socket or device, and not a file"
                listing.report(SPECIAL_FILE, path, why, f"remove it, {_IGNORE}")
        return folders

    def _list_told(self, folder: str, told: Told, listing: Listing) -> list[str]:
        """List the files of a folder of which nothing else is left out; its folders."""
        listing.folders[folder] = [*told.folders]
        prefix = f"{folder}/" if folder else ""
        for name, signature in told.files:
            listing.add(prefix + name, signature[0], signature)
            if listing.is_full:
                return []
        below = [(prefix + name, name) for name in told.folders]
        return [path for path, name in below if listing.takes(path, name, is_folder=True)]

    def _check_link(self, path: str, listing: Listing) -> None:
        try:
            target = os.readlink(self._at(path))  # noqa: PTH115 - pathlib is not loaded for this
        except OSError as failed:
            listing.report(UNREADABLE_FILE, path, _reason(failed), f"mend it, {_IGNORE}")
            return
        aim = link_aim(path, target)
        if aim is None or is_document(path) or not self._is_file(aim):
            listing.refuse_link(path, target)

    def _is_file(self, path: str) -> bool:
        try:
            return stat.S_ISREG(os.lstat(self._at(path)).st_mode)
        except (OSError, ValueError):
            return False

    def _read_ignore(self, listing: Listing) -> None:
        if self._is_file(ignore.FILE_NAME):
            raw = self._content(ignore.FILE_NAME, listing.found)
            if raw is not None:
                listing.ignore(raw)

    def is_generated(self, folder: str) -> bool:
        """Whether fleetgate wrote a folder below the root, or is about to, so that it is left out; not where it is a
        Git repository of its own too, which is told of.
        """
        try:
            names = os.listdir(self._at(folder))  # noqa: PTH208 - pathlib is not loaded for this
        except OSError:
            return False
        if folder and ".git" in names:
            return False
        return INCOMPLETE in names or (INDEX in names and self._is_ours(folder))

    def _is_ours(self, folder: str) -> bool:
        index = join(folder, INDEX)
        # An index of ours can have megabytes and begins with its generator.
        raw = self._content(index, Diagnostics(), limit=4096) if self._is_file(index) else None
        if raw is not None and len(raw) == 4096 and not is_ours(raw):
            raw = self._content(index, Diagnostics())
        return raw is not None and is_ours(raw)

    def _read(self, entry: Entry, found: Diagnostics) -> bytes | None:
        return self._content(entry.path, found, size=entry.size)

    def _content(
        self, path: str, found: Diagnostics, *, size: int = 4096, limit: int = MAX_FILE_BYTES + 1
    ) -> bytes | None:
        """At most `limit` bytes of a file of about `size`: it may have grown since it was listed, or become a link."""
        try:
            descriptor = os.open(self._at(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                # A file of the expected size answers the first call with exactly that, and no second is needed.
                content = os.read(descriptor, min(size + 1, limit))
                while len(content) != size and len(content) < limit and (more := os.read(descriptor, limit)):
                    content += more[: limit - len(content)]
            finally:
                os.close(descriptor)
        except OSError as failed:
            where = shown(path)
            found.add(UNREADABLE_FILE, Origin(where, line=1, column=1), where, _reason(failed), f"mend it, {_IGNORE}")
            return None
        return content


def is_document(path: str) -> bool:
    """Whether a file is read as YAML or JSON, going by its name."""
    return path.endswith(SUFFIXES) or path.lower().endswith(SUFFIXES)


def is_ours(raw: bytes) -> bool:
    """Whether an `index.json` says that fleetgate wrote the folder it is in."""
    if re.match(_OURS, raw):
        return True
    if b'"generator"' not in raw or len(raw) > MAX_FILE_BYTES:
        return False
    try:
        index = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(index, dict) and index.get("generator") == "fleetgate"


def link_aim(path: str, target: str) -> str | None:
    """Where below the root a symbolic link points, going by its text; None where that is outside."""
    if target.startswith("/"):
        return None
    aim = normpath(join(dirname(path), target))
    return None if aim == ".." or aim.startswith("../") else aim


def shown(path: str) -> str:
    """A path as it can be printed on any terminal and written in any report."""
    return re.sub(_BEYOND_TEXT, lambda match: _escape(match[0]), path)


def _escape(character: str) -> str:
    # Python decodes a byte that is not UTF-8 as the surrogate U+DC00 + byte.
    code = ord(character) - 0xDC00 if "\udc80" <= character <= "\udcff" else ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _reason(failed: OSError) -> str:
    """The system's reason, in lower case as all findings begin."""
    reason = failed.strerror or "unknown error"
    return f"the system says: {reason[:1].lower()}{reason[1:]}"
