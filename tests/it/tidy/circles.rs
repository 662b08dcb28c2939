//! No circle of imports among the files of one package: a file can be read without coming back to it from what it rests on.
//!
//! A parent imports the children whose items it re-exports or uses; a path through such a re-export imports the parent, because
//! that is the file that a reader is sent to. Code of tests does not count.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::{File, Path};

/// Circles that stand in the tree all the same: the modules of each. One that is gone, or is another one by now, is taken out.
pub(super) const ALLOWED: &[&[&str]] = &[];

/// What each module of a package imports from others of it.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// The circles that are not among those `allowed`, and those `allowed` that are not in the tree, as lines to print.
pub(super) fn circles(files: &[File], allowed: &[&[&str]]) -> Vec<String> {
    let imports = imports(files);
    let found = groups(&imports);
    let allowed: BTreeSet<BTreeSet<&str>> = allowed.iter().map(|group| group.iter().copied().collect()).collect();
    let mut told = Vec::new();
    for group in found.difference(&allowed) {
        told.push(format!("circle: {} files import one another: {:?}", group.len(), group));
        for module in group {
            let inside: Vec<&str> =
                imports[*module].iter().map(String::as_str).filter(|other| group.contains(other)).collect();
            told.push(format!("circle:     {module} imports {}", inside.join(", ")));
        }
    }
    for group in allowed.difference(&found) {
        told.push(format!("circle: not in the tree, take it out of the list: {group:?}"));
    }
    told
}

/// Groups of two and more modules of which each leads to each other.
fn groups(imports: &Imports) -> BTreeSet<BTreeSet<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|module| (module.as_str(), reached(imports, module))).collect();
    let group = |module: &&str| {
        let back = |other: &&str| reached[other].contains(*module);
        reached[*module].iter().copied().filter(back).collect::<BTreeSet<&str>>()
    };
    reached.keys().map(group).filter(|group| group.len() > 1).collect()
}

/// Everything that a module rests on.
fn reached<'a>(imports: &'a Imports, module: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = imports[module].iter().map(String::as_str).collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(imports[next].iter().map(String::as_str));
        }
    }
    reached
}

fn imports(files: &[File]) -> Imports {
    let modules: BTreeMap<Vec<String>, &File> =
        files.iter().filter_map(|file| Some((module(&file.path)?, file))).collect();
    let of = |own: &Vec<String>, file: &File| {
        let named = file.paths.iter().filter(|path| !path.test).filter_map(|path| full(path, own, &modules));
        named.filter(|other| other != own).map(|other| shown(&other)).collect()
    };
    modules.iter().map(|(own, file)| (shown(own), of(own, file))).collect()
}

/// The name of a module, with its package first: `crate` for the library.
fn module(path: &str) -> Option<Vec<String>> {
    let (package, inner) = match path.strip_prefix("crates/") {
        Some(rest) => rest.split_once("/src/").map(|(package, inner)| (package.replace('-', "_"), inner))?,
        None => ("crate".to_owned(), path.strip_prefix("src/")?),
    };
    let inner = inner.strip_suffix(".rs")?;
    let mut parts: Vec<&str> = inner.split('/').collect();
    if inner == "main" || parts.contains(&"tests") {
        return None;
    }
    if matches!(parts.last(), Some(&"mod" | &"lib")) {
        parts.pop();
    }
    Some(std::iter::once(package).chain(parts.into_iter().map(str::to_owned)).collect())
}

/// The module whose file a path of module `own` leads to, when that is one of its package.
fn full(path: &Path, own: &[String], modules: &BTreeMap<Vec<String>, &File>) -> Option<Vec<String>> {
    let parts = path.parts.as_slice();
    let (from, inner) = match parts {
        // As a path from `super` is resolved in a package beside the library.
        [top, crates, _, src, inner @ ..] if top == "crate" && crates == "crates" && src == "src" => (&own[..1], inner),
        [top, inner @ ..] if top == "crate" => (&own[..1], inner),
        // A child is in scope where it is declared.
        [child, _, ..] if modules.contains_key(&joined(own, std::slice::from_ref(child))) => (own, parts),
        _ => return None,
    };
    longest(joined(from, inner), modules)
}

fn joined(from: &[String], inner: &[String]) -> Vec<String> {
    from.iter().chain(inner).cloned().collect()
}

/// The longest beginning of a path that is a module with a file.
fn longest(mut path: Vec<String>, modules: &BTreeMap<Vec<String>, &File>) -> Option<Vec<String>> {
    while !path.is_empty() && !modules.contains_key(&path) {
        path.pop();
    }
    (!path.is_empty()).then_some(path)
}

fn shown(module: &[String]) -> String {
    match module {
        [top] if top == "crate" => "lib".to_owned(),
        [top, inner @ ..] if top == "crate" => inner.join("::"),
        other => other.join("::"),
    }
}

#[test]
fn files_that_import_one_another_are_told_and_a_list_that_is_out_of_date_too() {
    type Files = &'static [(&'static str, &'static str)];
    let cases: &[(&str, Files, &[&[&str]])] = &[
        (
            "two",
            &[("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", "fn f() { crate::a::b::g(); }")],
            &[&["a::b", "a::c"]],
        ),
        (
            "a parent and its child",
            &[("src/a/mod.rs", "mod b; pub use b::B; struct A;"), ("src/a/b.rs", "use super::A;")],
            &[&["a", "a::b"]],
        ),
        (
            "through what a parent re-exports",
            &[
                ("src/a.rs", "mod b; mod c; pub use b::B; pub use self::c::C;"),
                ("src/a/b.rs", "struct B;"),
                ("src/a/c.rs", "fn f(b: crate::a::B) {}"),
            ],
            &[&["a", "a::c"]],
        ),
        (
            "three in a row, and two",
            &[
                ("src/a.rs", "use crate::{b::B, z};"),
                ("src/b.rs", "use crate::c;"),
                ("src/c.rs", "impl crate::a::A for C {}"),
                ("src/y.rs", "use crate::z::*;"),
                ("src/z.rs", "use super::y as other;"),
            ],
            &[&["a", "b", "c"], &["y", "z"]],
        ),
        (
            "the top of a package beside the library",
            &[("crates/d-e/src/lib.rs", "pub mod f; pub use f::F;"), ("crates/d-e/src/f.rs", "use super::G;")],
            &[&["d_e", "d_e::f"]],
        ),
        ("one way", &[("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", "struct C;")], &[]),
        (
            "who may see it",
            &[
                ("src/a/mod.rs", "mod b; pub use b::B;"),
                ("src/a/b.rs", "pub(super) struct B(pub(in crate::a) u8); pub(crate) fn f() {}"),
            ],
            &[],
        ),
        (
            "tests",
            &[
                ("src/a/mod.rs", "mod b; pub use b::B; #[cfg(test)] mod tests;"),
                ("src/a/b.rs", "#[cfg(test)] mod tests { use super::super::A; }"),
                ("src/a/tests.rs", "use super::*;"),
            ],
            &[],
        ),
        ("two packages", &[("src/a.rs", "use d_e::F;"), ("crates/d-e/src/f.rs", "use crate::a;")], &[]),
    ];
    for (name, files, groups) in cases {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, text)).collect();
        assert_eq!(circles(&files, groups), Vec::<String>::new(), "{name}: not the groups that were expected");
        assert_eq!(circles(&files, &[]).is_empty(), groups.is_empty(), "{name}: what is not allowed");
        assert!(!circles(&files, &[&["a", "x"]]).is_empty(), "{name}: an entry that is out of date");
    }
}
