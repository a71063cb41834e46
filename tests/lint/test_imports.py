#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""The lint against import circles, on small crates with and without one."""

import textwrap
from pathlib import Path

import imports
import pytest


@pytest.fixture
def crate(tmp_path):
    def write(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/") + ".rs")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return write


def edges(root: Path) -> set[tuple[str, str]]:
    return set(imports.file_edges(root))


def test_files_that_use_each_other_are_a_circle(crate):
    root = crate(lib="mod a; mod b;", a="use crate::b::B;\npub struct A;", b="pub struct B(crate::a::A);")
    problems = imports.check(root, set())
    assert problems == [
        "files that import each other in a circle: a.rs, b.rs",
        "    a.rs -> b.rs",
        "        a.rs:1: crate::b::B",
        "    b.rs -> a.rs",
        "        b.rs:1: crate::a::A",
        "modules that import each other in a circle: a, b",
        "    a -> b",
        "        a.rs:1: crate::b::B",
        "    b -> a",
        "        b.rs:1: crate::a::A",
    ]


def test_a_longer_circle_is_found_and_what_only_leads_to_it_is_no_part_of_it(crate):
    root = crate(
        lib="mod a; mod b; mod c; mod d;",
        a="pub struct A(crate::b::B);",
        b="pub struct B(crate::c::C);",
        c="pub struct C(Box<crate::a::A>);",
        d="pub struct D(crate::a::A);",
    )
    assert imports.check(root, set())[0] == "files that import each other in a circle: a.rs, b.rs, c.rs"


def test_a_crate_without_circles_passes(crate):
    root = crate(lib="mod a; mod b;", a="use crate::b::B; pub struct A;", b="pub struct B;")
    assert edges(root) == {("a.rs", "b.rs")}
    assert imports.check(root, set()) == []


def test_modules_can_be_in_a_circle_without_their_files(crate):
    root = crate(
        lib="mod x; mod y;",
        x="pub mod low; pub mod high;",
        x__low="pub struct Low;",
        x__high="use crate::y::Y; pub struct High;",
        y="use crate::x::low::Low; pub struct Y;",
    )
    assert edges(root) == {("x/high.rs", "y.rs"), ("y.rs", "x/low.rs")}
    assert imports.check(root, set())[0] == "modules that import each other in a circle: x, y"


def test_folders_below_the_top_are_held_to_it_too(crate):
    root = crate(
        lib="mod room;",
        room="mod x; mod y;",
        room__x="pub mod low; pub mod high;",
        room__x__low="pub struct Low;",
        room__x__high="use super::super::y::Y; pub struct High;",
        room__y="use super::x::low::Low; pub struct Y;",
    )
    assert imports.check(root, set())[0] == "modules that import each other in a circle: room/x, room/y"


def test_mod_is_no_import_but_what_a_parent_names_of_its_child_is(crate):
    root = crate(lib="mod a;", a="mod b; pub struct A;", a__b="use super::A; pub fn b(_: A) {}")
    assert edges(root) == {("a/b.rs", "a.rs")}
    root = crate(a="mod b; pub struct A; fn f() { b::b(A) }")
    assert imports.check(root, set())[0] == "files that import each other in a circle: a.rs, a/b.rs"


def test_a_re_export_leads_to_the_file_that_defines_the_item(crate):
    root = crate(
        lib="mod a; mod c;",
        a="mod b; pub use b::{B, inner::Deep as Renamed};",
        a__b="pub struct B; pub mod inner { pub struct Deep; }",
        c="use crate::a::{self, B}; fn f(_: a::Renamed) {}",
    )
    assert edges(root) == {("a.rs", "a/b.rs"), ("c.rs", "a.rs"), ("c.rs", "a/b.rs")}


def test_globs_are_followed(crate):
    root = crate(lib="mod a; mod c;", a="mod b; pub use b::*;", a__b="pub struct B;", c="fn f(_: crate::a::B) {}")
    assert ("c.rs", "a/b.rs") in edges(root)


@pytest.mark.parametrize(
    "text",
    [
        "use crate::b::{\n    // a comment\n    one::{self, Two},\n    Three as Four,\n};",
        "fn f() { let _ = <crate::b::Two as Default>::default(); }",
        "fn f(_: Vec<crate::b::Two>) {}",
        "fn f() { println!(\"{}\", crate::b::THREE); }",
        "use super::b; fn f() { b::three() }",
        "fn f() { use crate::b::Two; }",
        "impl From<crate::b::Two> for A {}",
        "pub(in crate::b) struct A;",
    ],
)
def test_every_way_to_name_another_file_counts(crate, text):
    root = crate(lib="mod a; mod b;", a=text, b="pub mod one { } pub struct Two;")
    assert ("a.rs", "b.rs") in edges(root)


@pytest.mark.parametrize(
    "text",
    [
        "// crate::b::Two",
        "/* a /* nested */ crate::b::Two */",
        "/// [`crate::b::Two`]\npub struct A;",
        'const A: &str = "crate::b::Two \\" crate::b::Two";',
        'const A: &str = r#"" crate::b::Two"#;',
        "fn f<'b>(_: &'b str) -> char { '\"' } // crate::b::Two \"",
        "#[cfg(test)]\nmod tests {\n    use crate::b::Two;\n}",
        "#[cfg(test)]\nuse crate::b::{Two};",
        "use other_crate::b::Two;",
    ],
)
def test_what_is_no_path_of_the_crate_does_not_count(crate, text):
    root = crate(lib="mod a; mod b; mod c;", a=text, b="pub struct Two;", c="use crate::b::Two;")
    assert edges(root) == {("c.rs", "b.rs")}


def test_a_file_that_only_tests_have_does_not_count(crate):
    text = "use crate::b::Two;"
    root = crate(lib="mod a; mod b;", a="#[cfg(test)]\nmod inner;", a__inner=text, a__other=text, b="pub struct Two;")
    assert edges(root) == {("a/other.rs", "b.rs")}


def test_an_item_that_a_macro_makes_is_in_the_file_of_its_module(crate):
    root = crate(lib="mod a; mod b;", a="use crate::b::Made;", b="make!(Made);")
    assert edges(root) == {("a.rs", "b.rs")}


def test_tests_may_use_anything(crate):
    root = crate(lib="mod a; mod b;", a="pub struct A;", a__tests="use crate::b::B;", b="pub struct B(crate::a::A);")
    assert edges(root) == {("b.rs", "a.rs")}


def test_lib_rs_may_be_named_by_all(crate):
    root = crate(lib="mod a; mod b; pub use a::A; pub fn f() {}", a="pub struct A;", b="use crate::{A, f};")
    assert edges(root) == {("lib.rs", "a.rs"), ("b.rs", "a.rs")}
    assert imports.check(root, set()) == []


def test_an_allowed_edge_is_left_out_as_long_as_it_makes_a_circle(crate):
    root = crate(lib="mod a; mod b;", a="use crate::b::B;\npub struct A;", b="pub struct B(crate::a::A);")
    allowed = {("b.rs", "a.rs")}
    assert imports.check(root, allowed) == []
    crate(b="pub struct B;")
    assert imports.check(root, allowed) == [
        "imports-allowed.txt: b.rs -> a.rs is part of no circle any more: remove the line"
    ]


def test_the_wrong_folder_is_no_success(tmp_path):
    assert "can't be the crate" in imports.check(tmp_path, set())[0]
