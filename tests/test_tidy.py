"""The house rules that a machine can check, as tests of the code itself.

Each test gathers every violation, so that one run names them all; a message says what to do instead. An exception is
an entry in a table here, with its reason.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parent.parent
LONGEST_FUNCTION = 50
LONGEST_FILE = 400
MOST_PARAMETERS = 6

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Source:
    """One Python file of ours."""

    path: Path

    @cached_property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]

    @cached_property
    def imports(self) -> list[tuple[str, str]]:
        """Where and what this file imports, as dotted names; `from a import b` is `a` and `a.b`."""
        found = [(self.at(node), alias.name) for node in self.nodes(ast.Import) for alias in node.names]
        for node in self.nodes(ast.ImportFrom):
            found += [(self.at(node), f"{node.module}.{alias.name}") for alias in node.names]
        return found

    @cached_property
    def docstrings(self) -> set[ast.Constant]:
        bodies = (node.body for node in self.nodes(ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        first = (body[0] for body in bodies if body)
        return {one.value for one in first if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)}

    def nodes(self, *kinds: type[Node]) -> Iterator[Node]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        yield from self.nodes(ast.FunctionDef)
        yield from self.nodes(ast.AsyncFunctionDef)

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with what is called as written: `time.sleep`."""
        return ((node, ast.unparse(node.func)) for node in self.nodes(ast.Call))

    def at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


def _sources(*folders: str) -> list[Source]:
    return [Source(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


SERVER = _sources("server")
STORE = _sources("server/tactful/store")
CORE = _sources("server/tactful/core")
TESTS = _sources("tests")
OURS = SERVER + TESTS + _sources("demo_site", "bench", "scripts")


def test_there_is_something_to_check() -> None:
    names = {source.name for source in OURS}
    assert {"server/tactful/core/decide.py", "server/tactful/store/asks.py", "tests/test_tidy.py"} <= names


# The engine and its layers ------------------------------------------------------------------------------------------

CORE_IMPORTS = {
    "__future__",
    "base64",
    "binascii",
    "collections",
    "dataclasses",
    *(
        "datetime.UTC",
        "datetime.date",
        "datetime.datetime",
        "datetime.time",
        "datetime.timedelta",
    ),  # no clock: see below
    "difflib",
    "enum",
    "fnmatch",
    "functools",
    "hashlib",
    "heapq",
    "hmac",
    "itertools",
    "math",
    "re",
    "statistics.NormalDist",
    "types",
    "typing",
    "unicodedata",
    "urllib.parse",
    "zoneinfo",  # the rules of time zones: data that come with the system or with tzdata
    "tactful.core",
}

#: What is not the same for the same input in every process.
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "hash", "__import__", "breakpoint"}

#: Imports point one way: no module of the first package imports anything of the others.
LAYERS = {
    "server/tactful/core/": ("tactful.store", "tactful.web", "tactful.deliver", "tactful.app", "tactful.cli"),
    "server/tactful/store/": ("tactful.web", "tactful.deliver", "tactful.app", "tactful.cli", "tactful.serve"),
    "server/tactful/web/": ("tactful.deliver", "tactful.app", "tactful.cli", "tactful.serve"),
    "server/": ("tests", "bench", "demo_site.app"),
    "demo_site/": ("tactful",),
}


def _is_part(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_the_engine_imports_nothing_that_could_surprise_it() -> None:
    surprises = [
        f"{at} imports {name}"
        for source in CORE
        for at, name in source.imports
        if not any(_is_part(name, allowed) for allowed in CORE_IMPORTS)
    ]
    assert not surprises, "core/ is pure: hand it the value instead"


def test_the_engine_awaits_and_touches_nothing() -> None:
    impure = [
        source.at(node)
        for source in CORE
        for node in source.nodes(ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Global)
    ]
    impure += [
        f"{source.at(call)} calls {name}" for source in CORE for call, name in source.calls() if name in IMPURE_CALLS
    ]
    assert not impure, "core/ is pure: values in, values out"


def test_imports_point_one_way() -> None:
    upward = [
        f"{at} imports {name}"
        for source in OURS
        for folder, forbidden in LAYERS.items()
        if source.name.startswith(folder)
        for at, name in source.imports
        if any(_is_part(name, package) for package in forbidden)
    ]
    assert not upward, "web -> store -> core: move what both need down"


# The clock and chance -----------------------------------------------------------------------------------------------

CLOCKS = re.compile(
    r"(^|\.)(time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|gmtime|localtime)"
    r"|datetime\.(now|utcnow|today)|date\.today|os\.(urandom|getrandom)|secrets\.\w+|random\.\w+|uuid\.uuid\d)$"
)
CLOCK_NAMES = {"time", "time_ns", "monotonic", "perf_counter", "urandom", "uuid1", "uuid4", "uuid7"}

CLOCK_READERS = {
    "server/tactful/clock.py": "the one place",
    "server/tactful/settings.py": "makes the development key, before there is anything that could be handed a clock",
}


def test_only_the_clock_reads_the_time_or_draws_chance() -> None:
    readers = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in SERVER
        if source.name not in CLOCK_READERS
        for node in source.nodes(ast.Attribute)
        if CLOCKS.search(ast.unparse(node))
    ]
    readers += [
        f"{at} imports {name}"
        for source in SERVER
        if source.name not in CLOCK_READERS
        for at, name in source.imports
        if name.rpartition(".")[0] in {"time", "os", "uuid"} and name.rpartition(".")[2] in CLOCK_NAMES
    ]
    assert not readers, "take a Clock, or an id or secret made by whoever has one (tactful/clock.py)"


# SQL ----------------------------------------------------------------------------------------------------------------

SQL = re.compile(
    r"^\s*(WITH\s|SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s|ALTER\s|DROP\s|PRAGMA\s)"
    r"|\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bDELETE FROM\b",
    re.DOTALL,
)
#: What is said to the database about itself has no tables and no parameters, and stands where it is needed.
HOUSEKEEPING = re.compile(
    r"^\s*(PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|CREATE TABLE IF NOT EXISTS migrations)\b"
)


def _sql_texts(source: Source) -> Iterator[ast.Constant]:
    for node in source.nodes(ast.Constant):
        if isinstance(node.value, str) and node not in source.docstrings and SQL.search(node.value):
            yield node


def statements_of(source: Source) -> dict[str, ast.Constant]:
    """The module's statements: constants in capitals whose value is SQL."""
    return {
        target.id: node.value
        for node in source.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper() and SQL.search(node.value.value)
    }


def test_sql_is_written_in_the_store_alone() -> None:
    elsewhere = [source.at(node) for source in SERVER if source not in STORE for node in _sql_texts(source)]
    assert not elsewhere, "write a script in store/ and call it"


def test_sql_is_a_named_constant() -> None:
    loose = []
    for source in STORE:
        named = set(statements_of(source).values())
        texts = (node for node in _sql_texts(source) if not HOUSEKEEPING.match(str(node.value)))
        loose += [source.at(node) for node in texts if node not in named]
    assert not loose, "give the statement a name at the top of its module"


def test_sql_is_never_put_together() -> None:
    pieced = [
        source.at(node)
        for source in STORE
        for node in source.nodes(ast.JoinedStr, ast.BinOp)
        for text in ast.walk(node)
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and SQL.search(text.value)
    ]
    pieced += [
        source.at(call)
        for source in STORE
        for call, name in source.calls()
        if name.endswith((".format", ".replace", ".join")) and SQL.search(name)
    ]
    assert not pieced, "SQL is static text with `?` placeholders"


def test_every_statement_is_used_and_written_once() -> None:
    statements = [(source, name, node) for source in STORE for name, node in statements_of(source).items()]
    used = Counter(node.id for source in SERVER for node in source.nodes(ast.Name) if isinstance(node.ctx, ast.Load))
    unused = [f"{source.at(node)} {name}" for source, name, node in statements if not used[name]]
    assert not unused, "delete what nobody runs"
    written = Counter(" ".join(str(node.value).split()) for _, _, node in statements)
    assert [text for text, times in written.items() if times > 1] == []
    names = Counter(name for _, name, _ in statements)
    assert [name for name, times in names.items() if times > 1] == [], "one name, one statement"


# Size and words -----------------------------------------------------------------------------------------------------


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return 1 + body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 1


def test_functions_are_short() -> None:
    long = [
        f"{source.at(function)} {function.name} has {_lines(function)} lines"
        for source in OURS
        for function in source.functions()
        if _lines(function) > LONGEST_FUNCTION
    ]
    assert not long, f"a function has at most {LONGEST_FUNCTION} lines"


def test_files_are_short() -> None:
    lengths = {source.name: source.text.count("\n") for source in OURS}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_functions_take_few_parameters() -> None:
    many = []
    for source in (one for one in OURS if not one.name.endswith("/cli_backtest.py")):  # a parameter for each option
        for function in source.functions():
            given = function.args
            names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            if len([name for name in names if name not in {"self", "cls"}]) > MOST_PARAMETERS:
                many.append(f"{source.at(function)} {function.name}")
    assert not many, "what always travels together is a value of its own"


def test_every_module_of_the_server_says_what_it_is_about() -> None:
    assert [source.name for source in SERVER if source.text.strip() and not ast.get_docstring(source.tree)] == []


def test_what_is_public_states_its_contract() -> None:
    silent = []
    for source in SERVER:
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith(
                "_"
            ):
                silent += [f"{source.at(node)} {node.name}"] if not ast.get_docstring(node) else []
    assert not silent, "one sentence of contract"


def test_every_ignore_names_its_rule_and_its_reason() -> None:
    bare = []
    for source in OURS:
        for line, comment in source.comments:
            for part in re.findall(r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no cover)[^#]*(?:#.*)?", comment):
                codes = re.match(r"#\s*(?:noqa:\s*[A-Z]+\d|type:\s*ignore\[)", part)
                reason = re.search(r"(#|--?)\s+\w.*\w", comment[comment.index(part) + 1 :])
                if not codes or not reason:
                    bare.append(f"{source.name}:{line} {comment}")
    assert not bare, "write `# noqa: CODE  # why`"


WRITTEN = (".py", ".ts", ".css", ".mjs", ".md", ".html", ".yaml", ".sql", ".toml", ".js")
LATER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")


def test_nothing_is_left_for_later() -> None:
    folders = ("server", "widget/src", "demo_site", "tests", "bench", "scripts")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in WRITTEN]
    files += [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), ROOT / "Makefile"]
    later = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files
        if "node_modules" not in path.parts and "static/widget" not in path.as_posix()
        for line in path.read_text(encoding="utf-8").splitlines()
        if LATER.search(line)
    ]
    assert not later, "do it now, or write down what is missing where a user reads it"


# Tests --------------------------------------------------------------------------------------------------------------

SLEEPS = re.compile(r"(^|\.)(sleep|wait_for_timeout)$")
SLEEPERS = {"tests/support/": "waits for another process by looking again"}


def _is_zero(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def test_no_test_sleeps() -> None:
    sleeping = [
        f"{source.at(call)} {name}"
        for source in TESTS
        if not source.name.startswith(tuple(SLEEPERS))
        for call, name in source.calls()
        if SLEEPS.search(name) and not _is_zero(call)
    ]
    assert not sleeping, "set the clock, or wait for what is waited for"


def test_no_test_mocks() -> None:
    mocking = [
        f"{at} imports {name}"
        for source in TESTS
        for at, name in source.imports
        if _is_part(name, "unittest.mock") or _is_part(name, "mock")
    ]
    assert not mocking, "run the real thing: it runs on a laptop"
