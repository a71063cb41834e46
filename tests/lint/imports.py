#!/usr/bin/env python3

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Fails where files of `src`, or the modules of one folder, import each other in a circle.

    imports.py [ROOT]      ROOT is the folder of lib.rs: src by default

A file depends on the file that defines what it names: `crate::journal::Job` leads to `journal/jobs.rs` where `journal.rs`
has `pub use jobs::Job`. `mod x;` is no dependency, `lib.rs` and `main.rs` are nobody's, and tests don't count. Looked
for are circles of files, and, in `src` and in each folder below it, circles of modules, each taken with all below it.

`imports-allowed.txt` beside this file has edges that are left out, `FILE -> FILE` a line. One that is no part of a circle
any more has to be removed from it.
"""

import sys
from collections import defaultdict
from pathlib import Path

from rust_paths import Sources

ALLOWED = Path(__file__).with_name("imports-allowed.txt")
EXEMPT = {"lib.rs", "main.rs"}
SHOWN = 4

Edges = dict[tuple[str, str], list[str]]  # from, to -> where it is written


def file_edges(root: Path) -> Edges:
    """What each file below `root` imports from another, by their paths from there."""
    sources = Sources(root)
    edges: Edges = defaultdict(list)
    for mention in sources.mentions:
        target = sources.resolve(mention.module, mention.path)
        if target is None or target == mention.file:
            continue
        source, target = (str(file.relative_to(root)) for file in (mention.file, target))
        if target not in EXEMPT:
            edges[source, target].append(f"{source}:{mention.line}: {'::'.join(mention.path)}")
    return edges


def module_edges(edges: Edges) -> Edges:
    """The same edges between modules of one folder: `a/x.rs -> b/y.rs` is one of `a -> b` in the folder of both."""
    modules: Edges = defaultdict(list)
    for (source, target), places in edges.items():
        source, target = (Path(file).with_suffix("").parts for file in (source, target))
        for depth, (here, there) in enumerate(zip(source, target, strict=False)):
            if here != there:
                folder = "/".join(source[:depth])
                modules[f"{folder}/{here}".lstrip("/"), f"{folder}/{there}".lstrip("/")] += places
                break
    return modules


def circles(edges: Edges) -> list[list[str]]:
    """The strongly connected components with more than one member, by Tarjan's algorithm."""
    after = defaultdict(list)
    for source, target in edges:
        after[source].append(target)
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for following in after[node]:
            if following not in order:
                visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], order[following])
        if low[node] == order[node]:
            members = [stack.pop()]
            while members[-1] != node:
                members.append(stack.pop())
            if len(members) > 1:
                found.append(sorted(members))

    for node in sorted(after):
        if node not in order:
            visit(node)
    return sorted(found)


def describe(edges: Edges, members: list[str]) -> list[str]:
    """The edges that make a circle, each with the first few places that it comes from."""
    lines = []
    for (source, target), places in sorted(edges.items()):
        if source in members and target in members:
            lines.append(f"    {source} -> {target}")
            lines += [f"        {place}" for place in places[:SHOWN]]
            if len(places) > SHOWN:
                lines.append(f"        and {len(places) - SHOWN} more")
    return lines


def read_allowed(file: Path) -> set[tuple[str, str]]:
    if not file.exists():
        return set()
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return {tuple(part.strip() for part in line.split("->")) for line in lines if line}


def check(root: Path, allowed: set[tuple[str, str]]) -> list[str]:
    """What is wrong, as lines for a person; empty where nothing is."""
    edges = file_edges(root)
    if not edges:
        return [f"no file below {root} imports another: this can't be the crate"]
    problems = []
    in_circle = set()
    for graph in (edges, module_edges(edges)):
        for members in circles(graph):
            inside = {pair for pair in graph if set(pair) <= set(members)}
            in_circle |= {pair for pair in edges if set(module_edges({pair: []})) & inside or pair in inside}
    for source, target in sorted(allowed - in_circle):
        problems.append(f"{ALLOWED.name}: {source} -> {target} is part of no circle any more: remove the line")
    kept = {pair: places for pair, places in edges.items() if pair not in allowed}
    for kind, graph in (("files", kept), ("modules", module_edges(kept))):
        for members in circles(graph):
            problems.append(f"{kind} that import each other in a circle: {', '.join(members)}")
            problems += describe(graph, members)
    return problems


def main() -> int:
    problems = check(Path(sys.argv[1] if len(sys.argv) > 1 else "src"), read_allowed(ALLOWED))
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
