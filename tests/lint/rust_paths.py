#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Reads Rust sources far enough to know which file each path in them leads to.

No compiler: the text is cut into tokens, comments and literals dropped, and of these the modules, the items at a
module's own level, `use` trees and paths are kept. What only a test build has (`#[cfg(test)]`, `tests.rs`, `tests/`)
is left out.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

Module = tuple[str, ...]

TOKENS = re.compile(
    r"""
      (?P<skip> \s+ | //[^\n]* )
    | (?P<comment> /\* )
    | (?P<raw> \b (?:b|c)? r (?P<hashes> \#*) " )
    | (?P<string> (?:\b[bc])? " (?: [^"\\] | \\. )* " )
    | (?P<char> (?:\bb)? ' (?: [^'\\\n] | \\ (?: u\{[^}]*\} | x[0-9a-fA-F]{2} | . ) ) ' )
    | (?P<lifetime> ' [A-Za-z_]\w* )
    | (?P<word> (?:r\#)? [A-Za-z_]\w* )
    | (?P<sep> :: )
    | (?P<number> \d[\w.]* )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
ITEMS = {"struct", "enum", "union", "trait", "type", "fn", "const", "static", "mod", "macro_rules"}


@dataclass(frozen=True)
class Token:
    text: str
    line: int


def tokens_of(text: str) -> list[Token]:
    """The tokens that can belong to a path, an item or a block; a number or a literal leaves one `0`."""
    tokens, at, line = [], 0, 1
    while at < len(text):
        found = TOKENS.match(text, at)
        kind, end = found.lastgroup, found.end()
        if kind == "hashes":
            kind = "raw"
        if kind == "comment":
            depth = 1
            while depth and end < len(text):
                inner = re.compile(r"/\*|\*/").search(text, end)
                if inner is None:
                    end = len(text)
                    break
                depth += 1 if inner.group() == "/*" else -1
                end = inner.end()
        elif kind == "raw":
            closing = text.find('"' + found["hashes"], end)
            end = len(text) if closing < 0 else closing + 1 + len(found["hashes"])
            tokens.append(Token("0", line))
        elif kind in ("word", "sep", "other"):
            tokens.append(Token(found.group().removeprefix("r#"), line))
        elif kind != "skip":
            tokens.append(Token("0", line))
        line += text.count("\n", at, end)
        at = end
    return tokens


@dataclass
class Scope:
    """A module, in a file of its own or in braces."""

    file: Path
    items: set[str] = field(default_factory=set)
    uses: dict[str, list[str]] = field(default_factory=dict)  # the name here -> the path as written
    globs: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Mention:
    """A path as it is written somewhere."""

    module: Module
    path: tuple[str, ...]
    file: Path
    line: int


class Sources:
    """The modules below `root`, which holds the crate's `lib.rs`, and every path that they mention."""

    def __init__(self, root: Path):
        self.root = root
        self.scopes: dict[Module, Scope] = {}
        self.mentions: list[Mention] = []
        test_only: set[Module] = set()
        for file in sorted(root.rglob("*.rs")):
            parts = file.relative_to(root).with_suffix("").parts
            if "tests" in parts or parts == ("main",):
                continue
            if parts == ("lib",):
                parts = ()
            elif parts[-1] == "mod":
                parts = parts[:-1]
            _Reader(self, parts, file, test_only).read(tokens_of(file.read_text(encoding="utf-8")))

        def tested(module: Module) -> bool:
            return any(module[:length] in test_only for length in range(1, len(module) + 1))

        self.scopes = {module: scope for module, scope in self.scopes.items() if not tested(module)}
        self.mentions = [mention for mention in self.mentions if not tested(mention.module)]

    def resolve(self, module: Module, path: tuple[str, ...] | list[str]) -> Path | None:
        """The file that defines what `path` names in `module`; None for another crate's."""
        return self._resolve(module, list(path), set(), first=True)

    def _resolve(
        self, module: Module, path: list[str], seen: set, first: bool = False, guess: bool = True
    ) -> Path | None:
        key = (module, tuple(path))
        if key in seen:
            return None
        seen.add(key)
        if first:
            if path[0] == "crate":
                module, path, first = (), path[1:], False
            elif path[0] in ("self", "super"):
                while path and path[0] in ("self", "super"):
                    module, path = (module[:-1] if path[0] == "super" else module), path[1:]
                first = False
        scope = self.scopes.get(module)
        if scope is None:
            return None
        if not path or path[0] == "self":
            return scope.file
        name, rest = path[0], path[1:]
        if (*module, name) in self.scopes:
            return self._resolve((*module, name), rest, seen, guess=guess)
        if name in scope.items:
            return scope.file
        if name in scope.uses:
            # `use thing::inner as thing`: another crate's, else it would name itself.
            if scope.uses[name][0] == name:
                return None
            return self._resolve(module, scope.uses[name] + rest, seen, first=True, guess=guess)
        for glob in scope.globs:
            target = self._resolve(module, [*glob, name, *rest], seen, first=True, guess=False)
            if target is not None:
                return target
        # What a module has without an item of that name comes from a macro of it.
        return scope.file if guess and not first else None


class _Reader:
    """Reads one file's tokens into `sources`."""

    def __init__(self, sources: Sources, module: Module, file: Path, test_only: set[Module]):
        self.sources, self.file, self.test_only = sources, file, test_only
        self.module = module
        self.at = 0

    def read(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.scope = self.sources.scopes.setdefault(self.module, Scope(self.file))
        blocks: list[tuple[Module, Scope] | None] = []  # what each open brace goes back to
        inside_item = 0  # braces that are no module's
        while self.at < len(tokens):
            text = tokens[self.at].text
            if text == "#" and self._is("#", "[", "cfg", "(", "test", ")", "]"):
                self.at += 7
                self._skip_item()
            elif text == "use":
                self.at += 1
                self._use(())
            elif text == "mod" and self._word(1) and self._text(2) == "{":
                blocks.append((self.module, self.scope))
                name = self._text(1)
                self.scope.items.discard(name)
                self.module = (*self.module, name)
                self.scope = self.sources.scopes.setdefault(self.module, Scope(self.file))
                self.at += 3
            elif text == "mod" and self._word(1) and self._text(2) == ";":
                self.at += 3
            elif text == "{":
                blocks.append(None)
                inside_item += 1
                self.at += 1
            elif text == "}":
                back = blocks.pop() if blocks else None
                if back:
                    self.module, self.scope = back
                else:
                    inside_item -= 1
                self.at += 1
            elif self._word(0):
                if not inside_item and text in ITEMS:
                    name = self.at + 1
                    while self._text(name - self.at) in ("!", "mut", "unsafe", "extern", "async", "fn", "0"):
                        name += 1
                    if self._word(name - self.at):
                        self.scope.items.add(self.tokens[name].text)
                self._path()
            else:
                self.at += 1

    def _text(self, ahead: int) -> str:
        return self.tokens[self.at + ahead].text if self.at + ahead < len(self.tokens) else ""

    def _word(self, ahead: int) -> bool:
        text = self._text(ahead)
        return text[:1].isalpha() or text[:1] == "_"

    def _is(self, *texts: str) -> bool:
        return all(self._text(ahead) == text for ahead, text in enumerate(texts))

    def _mention(self, path: tuple[str, ...], line: int) -> None:
        self.sources.mentions.append(Mention(self.module, path, self.file, line))

    def _path(self) -> None:
        """`a::b::c`; a single name leads nowhere that its `use` has not."""
        line, path = self.tokens[self.at].line, [self._text(0)]
        self.at += 1
        while self._text(0) == "::" and self._word(1):
            path.append(self._text(1))
            self.at += 2
        if len(path) > 1:
            self._mention(tuple(path), line)

    def _use(self, prefix: tuple[str, ...]) -> None:
        """One tree of a `use`, from its first segment to the `,`, `}` or `;` behind it."""
        path, line = list(prefix), self.tokens[self.at].line
        if self._text(0) == "::":
            path.append("::")  # another crate's, whatever is called so here
            self.at += 1
        while True:
            if self._text(0) == "{":
                self.at += 1
                while self._text(0) != "}":
                    self._use(tuple(path))
                    if self._text(0) == ",":
                        self.at += 1
                self.at += 1
                return
            if self._text(0) == "*":
                self.at += 1
                self.scope.globs.append(path)
                self._mention(tuple(path), line)
                return
            if not self._word(0):
                raise ValueError(f"{self.file}:{line}: a use that can't be read")
            path.append(self._text(0))
            self.at += 1
            if self._text(0) == "::":
                self.at += 1
                continue
            break
        name = path[-2] if path[-1] == "self" and len(path) > 1 else path[-1]
        if path[-1] == "self" and len(path) > 1:
            path = path[:-1]
        if self._text(0) == "as":
            name = self._text(1)
            self.at += 2
        self._mention(tuple(path), line)
        if name != "_":
            self.scope.uses.setdefault(name, path)

    def _skip_item(self) -> None:
        """What `#[cfg(test)]` stands before: to its `;`, or to the end of its braces."""
        if self._text(0) == "mod" and self._text(2) == ";":
            self.test_only.add((*self.module, self._text(1)))
        depth = 0
        while self.at < len(self.tokens):
            text = self._text(0)
            self.at += 1
            if text in "{([":
                depth += 1
            elif text in "})]":
                depth -= 1
                if not depth and text == "}":
                    return
            elif text == ";" and not depth:
                return
