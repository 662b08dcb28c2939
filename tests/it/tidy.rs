//! The house, kept by a test: what `src/lib.rs` says is absent is absent.
//!
//! A rule looks at one file; a few need the whole tree. Each has examples that it must catch and examples that it must let
//! pass, because a check that cannot fail proves nothing. Where a rule allows an exception, the file carries its reason:
//! `// tidy: long-function because …`.

mod circles;
mod examples;
mod rules;
mod scan;

use std::collections::BTreeSet;
use std::path::Path;

use rules::{Breach, FLOORS};
use scan::File;

/// A rule for one file.
struct Rule {
    name: &'static str,
    check: fn(&File) -> Vec<Breach>,
    /// Whether a written reason excuses a breach.
    excusable: bool,
}

const fn rule(name: &'static str, check: fn(&File) -> Vec<Breach>) -> Rule {
    Rule { name, check, excusable: false }
}

const fn unless_excused(name: &'static str, check: fn(&File) -> Vec<Breach>) -> Rule {
    Rule { name, check, excusable: true }
}

const RULES: &[Rule] = &[
    rule("floors", rules::floors),
    rule("web-reads-only", rules::web_reads_only),
    rule("thin-main", rules::thin_main),
    rule("sql", rules::sql),
    rule("sql-time", rules::sql_time),
    rule("http", rules::http),
    rule("kakao-codes", rules::kakao_codes),
    rule("yaml", rules::yaml),
    rule("clock", rules::clock),
    rule("sleep", rules::sleep),
    rule("print", rules::print),
    rule("intent", rules::intent),
    rule("publish", rules::publish),
    unless_excused("uncut", rules::uncut),
    rule("tasks", rules::tasks),
    rule("no-async", rules::no_async),
    rule("no-disk", rules::no_disk),
    rule("file-names", rules::file_names),
    rule("purpose", rules::purpose),
    unless_excused("long-file", rules::long_file),
    unless_excused("long-function", rules::long_function),
    rule("unfinished", rules::unfinished),
    rule("ticket", rules::ticket),
    rule("machine-path", rules::machine_path),
    rule("registry-host", rules::registry_host),
    unless_excused("words", rules::words),
];

/// A written reason in a file.
struct Excuse {
    line: usize,
    rule: String,
}

/// `// tidy: RULE because REASON`, and what is wrong with lines that only look like it.
fn excuses(file: &File) -> (Vec<Excuse>, Vec<Breach>) {
    let (mut excuses, mut breaches) = (Vec::new(), Vec::new());
    for (line, comment) in &file.comments {
        let Some(said) = comment.strip_prefix("// tidy:") else { continue };
        let (rule, reason) = said.split_once(" because ").unwrap_or((said, ""));
        let rule = rule.trim();
        let known = rule == LONELY_TRAIT || RULES.iter().any(|known| known.excusable && known.name == rule);
        if !known {
            breaches.push(Breach::at(*line, format!("no reason excuses a breach of `{rule}`")));
        } else if reason.split_whitespace().count() < 3 {
            breaches.push(Breach::at(*line, "write the reason out: `// tidy: RULE because REASON`"));
        } else {
            excuses.push(Excuse { line: *line, rule: rule.to_owned() });
        }
    }
    (excuses, breaches)
}

/// All breaches of one file, as lines to print. An excuse that excuses nothing is one too.
fn breaches(file: &File) -> Vec<String> {
    let (excuses, unusable) = excuses(file);
    let mut used = BTreeSet::new();
    let mut told = Vec::new();
    let mut tell =
        |rule: &str, breach: &Breach| told.push(format!("{}:{}: {rule}: {}", file.path, breach.line, breach.what));
    for rule in RULES {
        for breach in (rule.check)(file) {
            let lines = breach.line.saturating_sub(1)..=breach.last;
            match excuses.iter().find(|excuse| excuse.rule == rule.name && lines.contains(&excuse.line)) {
                Some(excuse) => drop(used.insert(excuse.line)),
                None => tell(rule.name, &breach),
            }
        }
    }
    unusable.iter().for_each(|breach| tell("excuse", breach));
    for excuse in excuses.iter().filter(|excuse| excuse.rule != LONELY_TRAIT && !used.contains(&excuse.line)) {
        tell("excuse", &Breach::at(excuse.line, "nothing here needs it any more; take it out"));
    }
    told
}

const LONELY_TRAIT: &str = "lonely-trait";

/// Traits of `files` with fewer than two implementors: an interface with one face is the type itself.
fn lonely_traits(files: &[File]) -> Vec<String> {
    let code =
        || files.iter().filter(|file| file.is_source()).flat_map(|file| file.code().map(move |found| (file, found)));
    let mut lonely = Vec::new();
    for (file, (index, token)) in code() {
        let Some(name) = file.tokens.get(index + 1).filter(|_| token.is("trait")) else { continue };
        let implementors =
            code().filter(|(file, (index, token))| token.is(&name.text) && names_implementor(file, *index));
        let excused = || {
            let (excuses, _) = excuses(file);
            excuses.iter().any(|excuse| excuse.rule == LONELY_TRAIT && excuse.line.abs_diff(token.line) <= 1)
        };
        if implementors.count() < 2 && !excused() {
            lonely.push(format!(
                "{}:{}: {LONELY_TRAIT}: `{}` has fewer than two implementors",
                file.path, token.line, name.text
            ));
        }
    }
    lonely
}

/// Whether the trait name at `index` stands in `impl … NAME<…> for`.
fn names_implementor(file: &File, index: usize) -> bool {
    let mut depth = 0_usize;
    for token in &file.tokens[index + 1..] {
        if token.is("<") {
            depth += 1;
        } else if token.is(">") && depth > 0 {
            depth -= 1;
        } else if depth == 0 {
            return token.is("for");
        }
    }
    false
}

/// Every text file of the repository: what git tracks, or, where there is no git, what lies here without being built.
fn tree() -> Vec<File> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let git = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(top)
        .output();
    let mut paths: BTreeSet<String> = match git {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => BTreeSet::new(),
    };
    if !paths.contains("Cargo.toml") {
        walk(top, "", &mut paths);
    }
    // Written by cargo and sqlx: theirs to word.
    paths.retain(|path| path != "Cargo.lock" && !path.ends_with("/Cargo.lock") && !path.starts_with(".sqlx/"));
    // Tracked and deleted, or not text: nothing to read.
    let read = |path: &String| Some(File::new(path, &std::fs::read_to_string(top.join(path)).ok()?));
    let files: Vec<File> = paths.iter().filter_map(read).collect();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "no source found under {}", top.display());
    files
}

fn walk(top: &Path, inner: &str, paths: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(top.join(inner)).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let path = if inner.is_empty() { name.clone() } else { format!("{inner}/{name}") };
        if top.join(&path).is_dir() {
            if !["target", ".git", ".storyd-sandbox"].contains(&name.as_str()) {
                walk(top, &path, paths);
            }
        } else {
            paths.insert(path);
        }
    }
}

#[test]
fn the_tree_keeps_the_house_rules() {
    let tree = tree();
    let mut told: Vec<String> = tree.iter().flat_map(breaches).collect();
    told.extend(lonely_traits(&tree));
    told.extend(circles::circles(&tree, circles::ALLOWED));
    assert!(told.is_empty(), "{} breaches:\n{}", told.len(), told.join("\n"));
}

#[test]
fn every_rule_catches_its_bad_examples_and_lets_the_good_ones_pass() {
    for rule in RULES {
        let of = |cases: &[(&'static str, &'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
            cases.iter().filter(|(name, ..)| *name == rule.name).map(|(_, path, text)| (*path, *text)).collect()
        };
        let (bad, good) = (of(examples::BAD), of(examples::GOOD));
        assert!(!bad.is_empty(), "no bad example shows that {} can fail", rule.name);
        for (path, text) in bad {
            let text = examples::spelt_out(text);
            assert!(!(rule.check)(&File::new(path, &text)).is_empty(), "{} let pass in {path}:\n{text}", rule.name);
        }
        for (path, text) in good {
            let text = examples::spelt_out(text);
            let found = (rule.check)(&File::new(path, &text));
            assert!(found.is_empty(), "{} caught {found:?} in {path}:\n{text}", rule.name);
        }
    }
    let stray =
        examples::BAD.iter().chain(examples::GOOD).find(|(name, ..)| !RULES.iter().any(|rule| rule.name == *name));
    assert_eq!(stray, None, "an example of no rule");
}

#[test]
fn length_is_counted_and_excused_by_a_written_reason_alone() {
    let lines = |count: usize| "    a();\n".repeat(count);
    let function = |reason: &str, inner: usize| format!("//! X.\n\n{reason}fn f() {{\n{}}}\n", lines(inner));
    let told = |text: String| breaches(&File::new("src/engine/x.rs", &text));
    assert_eq!(told(function("", 68)), Vec::<String>::new());
    assert_eq!(told(function("", 69)).len(), 1, "71 lines with its own two");
    assert_eq!(told(function("// tidy: long-function because it is one table\n", 69)), Vec::<String>::new());
    assert_eq!(told(function("// tidy: long-function because\n", 69)).len(), 2, "a reason is words");
    assert_eq!(told(function("// tidy: long-function because it is one table\n", 3)).len(), 1, "a stale excuse");
    assert_eq!(told(function("// tidy: sql because it is one table\n", 3)).len(), 1, "an excuse that nothing takes");

    let file = |reason: &str, count: usize| format!("//! X.\n{reason}{}", "const A: u8 = 1;\n".repeat(count));
    assert_eq!(told(file("", 399)), Vec::<String>::new());
    assert_eq!(told(file("", 400)).len(), 1);
    assert_eq!(told(file("// tidy: long-file because it is one table\n", 400)), Vec::<String>::new());
}

#[test]
fn a_trait_needs_two_implementors() {
    let of = |text: &str| lonely_traits(&[File::new("src/engine/x.rs", text)]);
    let one = "trait A<T> { fn a(); } impl<T> A<Vec<T>> for u8 {} #[cfg(test)] mod t { impl A<u8> for u16 {} }";
    assert_eq!(of(one).len(), 1);
    assert!(of(&format!("{one} impl super::A<u8> for u32 {{}}")).is_empty());
    assert!(of(&format!("// tidy: lonely-trait because the orphan rule asks for it\n{one}")).is_empty());
}

#[test]
fn what_runs_once_is_a_task() {
    for file in tree().iter().filter(|file| file.under("src/engine")) {
        let task = file.functions().iter().any(|(name, ..)| name == "run_once");
        let home = file.under("src/engine/tasks") || file.path == "src/engine/incidents.rs";
        assert!(!task || home, "{} has a run_once and is no task", file.path);
    }
}

#[test]
fn the_map_in_lib_rs_names_every_floor_from_the_ground_up() {
    let tree = tree();
    let lib = tree.iter().find(|file| file.path == "src/lib.rs").unwrap();
    let map: Vec<&str> = lib
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("//! - [`")?.split_once('`').map(|(name, _)| name))
        .collect();
    let folders: BTreeSet<&str> = tree.iter().filter_map(File::floor).collect();
    assert_eq!(map.iter().copied().collect::<BTreeSet<_>>(), folders, "the map and the folders of src/ differ");

    let floors: Vec<&str> = FLOORS.iter().flat_map(|floors| floors.iter().copied()).collect();
    let known: BTreeSet<&str> = floors.iter().copied().collect();
    assert!(folders.is_subset(&known), "a folder of src/ is on no floor: {:?}", folders.difference(&known));
    let built: Vec<&str> = floors.into_iter().filter(|name| folders.contains(name)).collect();
    assert_eq!(map, built, "the map is not in the order of the floors");

    for name in folders {
        let module = lib.tokens.windows(3).any(|three| three[0].is("pub") && three[1].is("mod") && three[2].is(name));
        assert!(module, "src/{name}/ is no module of the library");
    }
}
