"""A disk that keeps a log: SQLite's own file layer, wrapped, so that a power loss can be tried at every moment.

Killing a process shows nothing about power: the kernel still has what was written. So this wraps the file layer (VFS)
of the very SQLite library that Python's `sqlite3` uses, through ctypes and without a compiler, and logs each write,
truncation, sync, creation and deletion. Afterwards `Disk.image(moment)` is what a power loss at that moment leaves:

    - of a file, what had been synced, and of the writes since then none, or (given a `Random`) any of them
    - of a directory, the names as they were when the directory was last synced

Everything reaches the real files too, so the program under test notices nothing. A `fault` makes the disk refuse.

How it is hooked in: a copy of the default VFS becomes the default and differs in `xOpen` and `xDelete`. After the
original `xOpen` has filled in a file, its method table is exchanged for a copy that differs in four entries. All other
calls (locks, shared memory, mapped reads) go straight to the original.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

__all__ = ["Disk", "Op", "lossy_disk"]

_OPEN_CREATE = 0x4
_OPEN_TRACKED = {"main": 0x100, "journal": 0x800, "wal": 0x80000}

_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_Close = CFUNCTYPE(c_int, c_void_p)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)


class _Methods(Structure):
    """sqlite3_io_methods, version 3; what is not wrapped is an address only."""

    _fields_ = [
        ("iVersion", c_int),
        ("xClose", _Close),
        ("xRead", c_void_p),
        ("xWrite", _Write),
        ("xTruncate", _Truncate),
        ("xSync", _Sync),
        ("rest", c_void_p * 13),
    ]


class _File(Structure):
    _fields_ = [("methods", POINTER(_Methods))]


class _Vfs(Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = [
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("xOpen", _Open),
        ("xDelete", _Delete),
        ("rest", c_void_p * 14),
    ]


@dataclass(frozen=True, slots=True)
class Op:
    """One thing done to the disk. `node` is a file, whatever its name is by now."""

    kind: Literal["create", "write", "truncate", "sync", "delete", "sync_names"]
    node: int = -1
    name: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """The log of what was done beneath `root`, and the images that a power loss leaves of it."""

    root: Path
    log: list[Op] = field(default_factory=list)
    #: Without it a file behaves as on a network file system that cannot map memory for several processes.
    shared_memory: bool = True
    #: Called with ("write" | "sync", file name) before each; a number other than 0 is SQLite's error code.
    fault: Callable[[str, str], int] = lambda _kind, _name: 0
    _nodes: dict[str, int] = field(default_factory=dict)

    def image(self, moment: int, survivors: Random | None = None) -> dict[str, bytes]:
        """Return the files, by name, that a power loss after the first `moment` operations leaves."""
        state = _State()
        for op in self.log[:moment]:
            state.apply(op)
        return state.after_power_loss(survivors)

    def restore(self, moment: int, directory: Path, survivors: Random | None = None) -> None:
        """Write the image into the empty `directory`."""
        directory.mkdir()
        for name, content in self.image(moment, survivors).items():
            (directory / name).write_bytes(content)

    def opened(self, path: Path, existing: bytes | None) -> int:
        """Log that `path` was opened; `existing` is its content if it was there before."""
        if path.name not in self._nodes:
            self._nodes[path.name] = len(self.log)
            self.log.append(Op("create", len(self.log), path.name, data=existing or b""))
            if existing is not None:
                self.log.append(Op("sync_names"))
        return self._nodes[path.name]

    def deleted(self, path: Path) -> None:
        if self._nodes.pop(path.name, None) is not None:
            self.log.append(Op("delete", name=path.name))


@dataclass
class _State:
    """Replays a log."""

    synced: dict[int, bytearray] = field(default_factory=dict)
    unsynced: dict[int, list[Op]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    synced_names: dict[str, int] = field(default_factory=dict)

    def apply(self, op: Op) -> None:
        match op.kind:
            case "create":
                self.names[op.name] = op.node
                self.synced[op.node] = bytearray(op.data)
                self.unsynced[op.node] = []
            case "write" | "truncate":
                self.unsynced[op.node].append(op)
            case "sync":
                for late in self.unsynced[op.node]:
                    _store(self.synced[op.node], late)
                self.unsynced[op.node].clear()
            case "delete":
                del self.names[op.name]
            case "sync_names":
                self.synced_names = dict(self.names)

    def after_power_loss(self, survivors: Random | None) -> dict[str, bytes]:
        if survivors is not None:
            for node, late in self.unsynced.items():
                for op in late:
                    if survivors.random() < 0.5:
                        _store(self.synced[node], op)
        return {name: bytes(self.synced[node]) for name, node in self.synced_names.items()}


def _store(content: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        del content[op.offset :]
        return
    if len(content) < op.offset:
        content.extend(bytes(op.offset - len(content)))
    content[op.offset : op.offset + len(op.data)] = op.data


@dataclass
class _OpenFile:
    node: int
    name: str
    methods: _Methods
    #: SQLite's unix VFS syncs the directory with the first sync of a journal or log that it opened to create.
    syncs_names: bool


class _Layer:
    """The callbacks that SQLite calls; an exception in one would be lost, so each does next to nothing."""

    def __init__(self, disk: Disk, base: _Vfs) -> None:
        self.disk = disk
        self.base = base
        self.files: dict[int, _OpenFile] = {}
        self.tables: dict[int, _Methods] = {}
        self.vfs = _Vfs.from_buffer_copy(base)
        self.vfs.name = b"lossy"
        self.vfs.xOpen = _Open(self.open)
        self.vfs.xDelete = _Delete(self.delete)

    def open(self, _vfs: int, name: int | None, file: int, flags: int, out_flags: int | None) -> int:
        path = Path(ctypes.string_at(name).decode()) if name else None
        tracked = path is not None and path.parent == self.disk.root and flags & sum(_OPEN_TRACKED.values())
        existing = path.read_bytes() if path is not None and tracked and path.exists() else None
        rc: int = self.base.xOpen(ctypes.addressof(self.base), name, file, flags, out_flags)
        if rc == 0 and path is not None and tracked:
            handle = _File.from_address(file)
            node = self.disk.opened(path, existing)
            creates_log = bool(flags & _OPEN_CREATE) and not flags & _OPEN_TRACKED["main"]
            self.files[file] = _OpenFile(node, path.name, handle.methods.contents, creates_log)
            handle.methods = ctypes.pointer(self.table(handle.methods.contents))
        return rc

    def table(self, original: _Methods) -> _Methods:
        """Return our copy of a method table, one for each original."""
        address = ctypes.addressof(original)
        if address not in self.tables:
            ours = _Methods.from_buffer_copy(original)
            if not self.disk.shared_memory:
                ours.iVersion = 1
            ours.xClose = _Close(self.close)
            ours.xWrite = _Write(self.write)
            ours.xTruncate = _Truncate(self.truncate)
            ours.xSync = _Sync(self.sync)
            self.tables[address] = ours
        return self.tables[address]

    def delete(self, _vfs: int, name: bytes, sync_names: int) -> int:
        rc: int = self.base.xDelete(ctypes.addressof(self.base), name, sync_names)
        path = Path(name.decode())
        if rc == 0 and path.parent == self.disk.root:
            self.disk.deleted(path)
            if sync_names:
                self.disk.log.append(Op("sync_names"))
        return rc

    def close(self, file: int) -> int:
        rc: int = self.files.pop(file).methods.xClose(file)
        return rc

    def write(self, file: int, data: int, size: int, offset: int) -> int:
        opened = self.files[file]
        if refusal := self.disk.fault("write", opened.name):
            return refusal
        rc: int = opened.methods.xWrite(file, data, size, offset)
        if rc == 0:
            self.disk.log.append(Op("write", opened.node, opened.name, offset, ctypes.string_at(data, size)))
        return rc

    def truncate(self, file: int, size: int) -> int:
        opened = self.files[file]
        rc: int = opened.methods.xTruncate(file, size)
        if rc == 0:
            self.disk.log.append(Op("truncate", opened.node, opened.name, size))
        return rc

    def sync(self, file: int, flags: int) -> int:
        opened = self.files[file]
        if refusal := self.disk.fault("sync", opened.name):
            return refusal
        rc: int = opened.methods.xSync(file, flags)
        if rc == 0:
            self.disk.log.append(Op("sync", opened.node, opened.name))
            if opened.syncs_names:
                self.disk.log.append(Op("sync_names"))
                opened.syncs_names = False
        return rc


def _library() -> Any:
    """Return the SQLite library inside or behind Python's own module.

    A symbol is looked up in the extension module and then in the libraries it is linked to, so this finds the one in
    use wherever it lies. Without `__file__` the module is part of the interpreter.
    """
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    library.sqlite3_libversion.restype = c_char_p
    assert library.sqlite3_libversion().decode() == sqlite3.sqlite_version
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    library.sqlite3_vfs_find.argtypes = [c_char_p]
    library.sqlite3_vfs_register.argtypes = [POINTER(_Vfs), c_int]
    library.sqlite3_vfs_unregister.argtypes = [POINTER(_Vfs)]
    return library


# SQLite keeps addresses in these; one that Python freed while a connection was still open would crash the process.
_KEPT: list[_Layer] = []


@contextmanager
def lossy_disk(root: Path, *, shared_memory: bool = True) -> Iterator[Disk]:
    """Log what SQLite does to files directly in `root`, for connections opened inside the `with`."""
    library = _library()
    base = library.sqlite3_vfs_find(None)
    assert base.contents.iVersion == 3
    disk = Disk(root.resolve(), shared_memory=shared_memory)
    layer = _Layer(disk, base.contents)
    _KEPT.append(layer)
    library.sqlite3_vfs_register(ctypes.byref(layer.vfs), 1)
    try:
        yield disk
    finally:
        library.sqlite3_vfs_unregister(ctypes.byref(layer.vfs))
        library.sqlite3_vfs_register(base, 1)
