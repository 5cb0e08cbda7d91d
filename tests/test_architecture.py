"""Who may know whom: the rules of docs/design.md, section 3, read off the imports."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("bot", "cogs", "newsroom", "sandbox", "bench", "tests")

# Each outside library belongs to the modules that may import it; a folder stands for all that is in it.
OWNERS = {
    "aiohttp": ("newsroom.feeds.fetch", "newsroom.network", "sandbox"),
    "aiolimiter": ("cogs.boards", "cogs.discussions", "cogs.posting"),
    "aiosqlite": ("newsroom.store",),
    "alembic": ("newsroom.store",),
    "asyncpg": ("newsroom.store",),
    "brotli": ("newsroom.feeds.fetch",),
    "charset_normalizer": ("newsroom.feeds.charset",),
    "dateutil": ("newsroom.votes.schedule",),
    "discord": ("bot", "cogs", "sandbox"),
    "feedparser": ("newsroom.feeds.parse",),
    "httpx2": ("newsroom.answers.chat",),
    "lxml": ("newsroom.feeds.discover", "newsroom.feeds.parse", "newsroom.stories.extract", "newsroom.text"),
    "matplotlib": ("newsroom.votes.charts",),
    "openai": ("newsroom.answers.chat",),
    "pebble": ("newsroom.workers",),
    "protego": ("newsroom.feeds.robots",),
    "publicsuffixlist": ("newsroom.feeds.parking",),
    "pydantic": ("newsroom.settings",),
    "pydantic_settings": ("newsroom.settings",),
    "rich": ("bot",),
    "simcord": ("sandbox",),
    "sqlalchemy": ("newsroom.store",),
    "trafilatura": ("newsroom.stories.extract",),
    "webencodings": ("newsroom.feeds.charset",),
    "yarl": ("cogs", "newsroom", "sandbox"),
}

# Values in, values out: these know the nouns, each other, and a library that does no more than they do.
PURE = (
    "newsroom.models",
    "newsroom.errors",
    "newsroom.marks",
    "newsroom.text",
    "newsroom.times",
    "newsroom.feeds.charset",
    "newsroom.feeds.cut",
    "newsroom.feeds.health",
    "newsroom.feeds.identity",
    "newsroom.feeds.parking",
    "newsroom.feeds.robots",
    "newsroom.feeds.schedule",
    "newsroom.stories.camps",
    "newsroom.discussion.questions",
    "newsroom.discussion.shift",
    "newsroom.stories.facts",
    "newsroom.stories.grouping",
    "newsroom.stories.summary",
    "newsroom.stories.tellings",
    "newsroom.answers.figures",
    "newsroom.answers.find",
    "newsroom.answers.grounding",
    "newsroom.answers.harmless",
    "newsroom.answers.prompts",
    "newsroom.answers.words",
    "newsroom.attempts",
    "newsroom.answers.breaker",
    "newsroom.answers.dialect",
    "newsroom.answers.hearing",
    "newsroom.answers.shapes",
    "newsroom.answers.talk",
    "newsroom.answers.thinking",
    "newsroom.discussion.aging",
    "newsroom.discussion.week",
    "newsroom.desk.floods",
    "newsroom.discussion.tags",
    "newsroom.desk.order",
    "newsroom.desk.refusals",
    "newsroom.votes.asking",
    "newsroom.votes.counting",
    "newsroom.votes.exports",
    "newsroom.votes.schedule",
    "newsroom.votes.standings",
)
PURE_LIBRARIES = ("charset_normalizer", "dateutil", "lxml", "protego", "publicsuffixlist", "webencodings", "yarl")
OUTSIDE_WORLD = (
    "asyncio",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
)

# What opens sockets, files or processes; the desk is handed these.
EDGES = (
    "newsroom.answers.chat",
    "newsroom.feeds.fetch",
    "newsroom.feeds.guard",
    "newsroom.feeds.pages",
    "newsroom.feeds.parse",
    "newsroom.feeds.workers",
    "newsroom.resources",
    "newsroom.stories.extract",
    "newsroom.votes.charts",
    "newsroom.workers",
)

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}


@dataclass(frozen=True)
class Import:
    """``name`` is the module that is imported. ``at_top`` tells whether importing the importer runs it."""

    name: str
    at_top: bool
    for_types: bool


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module

    def imports(self) -> Iterator[Import]:
        return _imports(self, self.tree, at_top=True, for_types=False)

    @property
    def is_cog(self) -> bool:
        """Whether it is a part of the bot by itself: an extension, or a class that listens for Discord."""
        listens = any(
            ast.unparse(base) in ("commands.Cog", "Cog")
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ClassDef)
            for base in node.bases
        )
        return self.name.startswith("cogs.") and (listens or _function(self.tree, "setup") is not None)


def _modules() -> dict[str, Module]:
    paths = [ROOT / "bot.py", *(path for top in OURS[1:] for path in (ROOT / top).rglob("*.py"))]
    found = {}
    for path in paths:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return found


def _imports(module: Module, node: ast.AST, at_top: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, at_top, for_types)
        elif isinstance(child, ast.ImportFrom):
            for name in _imported_from(module, child):
                yield Import(name, at_top, for_types)
        elif isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for statement in child.body:
                yield from _imports(module, ast.Module([statement], []), at_top=False, for_types=True)
            for statement in child.orelse:
                yield from _imports(module, ast.Module([statement], []), at_top, for_types)
        else:
            in_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(module, child, at_top and not in_function, for_types)


def _imported_from(module: Module, node: ast.ImportFrom) -> Iterator[str]:
    """The modules that ``from … import …`` names: what it imports may be modules themselves."""
    package = node.module or ""
    if node.level:
        parts = module.name.split(".")
        steps = node.level - (module.path.name == "__init__.py")
        package = ".".join([*parts[: len(parts) - steps], *filter(None, [node.module])])
    for alias in node.names:
        inner = f"{package}.{alias.name}"
        path = ROOT / Path(*inner.split("."))
        yield inner if path.with_suffix(".py").exists() or (path / "__init__.py").exists() else package


def _function(tree: ast.Module, name: str) -> ast.AsyncFunctionDef | ast.FunctionDef | None:
    functions = (node for node in tree.body if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef))
    return next((function for function in functions if function.name == name), None)


def _reads_a_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return any(f"{node.module}.{alias.name}" in CLOCKS for alias in node.names)
    return isinstance(node, ast.Attribute) and ".".join(ast.unparse(node).split(".")[-2:]) in CLOCKS


MODULES = _modules()


def within(name: str, *places: str) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def breaches(
    importers: tuple[str, ...], *forbidden: str, but: tuple[str, ...] = (), but_importers: tuple[str, ...] = ()
) -> list[str]:
    """All imports of ``forbidden`` modules by ``importers``, wherever in the file, less what is excepted."""
    return [
        f"{module.name} imports {imported.name}"
        for module in MODULES.values()
        if within(module.name, *importers) and not within(module.name, *but_importers)
        for imported in module.imports()
        if within(imported.name, *forbidden) and not within(imported.name, *but)
    ]


def test_bot_py_imports_the_standard_library_alone_at_its_top():
    at_top = {imported.name.partition(".")[0] for imported in MODULES["bot"].imports() if imported.at_top}
    assert at_top - sys.stdlib_module_names == set()


@pytest.mark.parametrize("name", ["newsroom", "newsroom.feeds", "newsroom.stories", "newsroom.votes"])
def test_packages_that_every_worker_imports_are_empty(name: str):
    assert MODULES[name].path.read_text(encoding="utf-8") == ""


def test_newsroom_knows_neither_discord_nor_those_who_use_it():
    assert breaches(("newsroom",), "discord", "bot", "cogs", "sandbox", "bench", "tests") == []


def test_cogs_know_newsroom_and_not_who_starts_them():
    assert breaches(("cogs",), "bot", "sandbox", "bench", "tests") == []


def test_cogs_never_import_each_other():
    cogs = tuple(module.name for module in MODULES.values() if module.is_cog)
    assert cogs
    assert breaches(("cogs", "newsroom"), *cogs) == []


def test_cogs_know_the_bot_by_its_type_alone():
    importers = [
        module.name
        for module in MODULES.values()
        if module.name != "cogs.newsbot" and within(module.name, "cogs")
        for imported in module.imports()
        if imported.name == "cogs.newsbot" and not imported.for_types
    ]
    assert importers == []


def test_only_the_setup_of_a_cog_reads_attributes_of_the_bot():
    readers = []
    for module in MODULES.values():
        if module.is_cog:
            setup = _function(module.tree, "setup")
            allowed = {id(node) for node in ast.walk(setup)} if setup else set()
            readers += [
                f"{module.name}, line {node.lineno}: {ast.unparse(node)}"
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Attribute)
                and id(node) not in allowed
                and ast.unparse(node.value) in ("bot", "self.bot", "interaction.client")
            ]
    assert readers == []


def test_cogs_leave_web_feeds_and_database_to_newsroom():
    assert breaches(("cogs",), "aiohttp", "feedparser", "sqlalchemy", "alembic", "aiosqlite", "asyncpg", "pebble") == []


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_asks_nobody(name: str):
    for imported in MODULES[name].imports():
        library = imported.name.partition(".")[0]
        assert (
            imported.name in PURE
            or library in PURE_LIBRARIES
            or (library in sys.stdlib_module_names and library not in OUTSIDE_WORLD)
        ), f"{name} imports {imported.name}"


@pytest.mark.parametrize("library", OWNERS)
def test_an_outside_library_is_imported_by_its_owners_alone(library: str):
    assert breaches(("bot", "cogs", "newsroom", "sandbox"), library, but_importers=OWNERS[library]) == []


def test_every_outside_library_has_an_owner():
    imported = {
        imported.name.partition(".")[0]
        for module in MODULES.values()
        if within(module.name, "bot", "cogs", "newsroom", "sandbox")
        for imported in module.imports()
    }
    assert imported - {*OWNERS, *OURS, *sys.stdlib_module_names} == set()


def test_the_desk_is_handed_its_edges():
    assert breaches(("newsroom.desk",), *EDGES) == []


def test_the_sandbox_knows_of_newsroom_only_the_settings():
    assert breaches(("sandbox",), "newsroom", "cogs", "bot", "bench", "tests", but=("newsroom.settings",)) == []


def test_nothing_imports_the_sandbox_but_the_demo_tests_and_what_is_measured_over_sockets():
    over_sockets = ("bench.storm", "bench.votes", "bench.weather")
    assert breaches(("cogs", "newsroom", "bench"), "sandbox", but_importers=over_sockets) == []
    assert [
        imported for imported in MODULES["bot"].imports() if within(imported.name, "sandbox") and imported.at_top
    ] == []


def test_no_import_goes_round_in_a_circle():
    graph = {
        module.name: {
            imported.name for imported in module.imports() if imported.name in MODULES and not imported.for_types
        }
        for module in MODULES.values()
    }
    TopologicalSorter(graph).prepare()


def test_the_library_of_language_models_is_loaded_when_one_is_configured():
    at_top = [
        f"{module.name} imports {imported.name}"
        for module in MODULES.values()
        for imported in module.imports()
        if within(imported.name, "openai", "httpx2") and imported.at_top
    ]
    assert at_top == []


def test_newsroom_is_given_the_time():
    clocks = [
        f"{module.name}, line {node.lineno}: {ast.unparse(node)}"
        for module in MODULES.values()
        if within(module.name, "newsroom")
        for node in ast.walk(module.tree)
        if _reads_a_clock(node)
    ]
    assert clocks == []
