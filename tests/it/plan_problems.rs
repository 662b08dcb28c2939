//! Broken job files, and what their writers are told. `tests/broken` holds the files, the snapshots hold the reports: each must
//! be enough to mend the file without knowing YAML.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use storyd::plan;
use storyd::yaml::problem::{Paint, Problem, render};

use crate::plan_load::{folder, now};

fn broken() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// The problems of files, warnings included, whether they load or not.
pub(crate) fn problems(paths: &[PathBuf]) -> Vec<Problem> {
    let over = plan::load(paths, now()).map(|plan| plan.over(now(), |_| None)).unwrap_or_default();
    over.into_iter().chain(problems_at(now(), paths)).collect()
}

/// [`problems`], when it is `now`.
pub(crate) fn problems_at(now: Timestamp, paths: &[PathBuf]) -> Vec<Problem> {
    match plan::load(paths, now) {
        Ok(plan) => plan.warnings,
        Err(problems) => problems.list().to_vec(),
    }
}

/// What a person sees, with the folder cut away.
fn report(dir: &Path, problems: &[Problem]) -> String {
    render(problems, Paint::Plain).replace(&format!("{}/", dir.display()), "")
}

#[test]
fn each_broken_file_is_told_what_to_write() {
    let dir = broken();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&dir).expect("the folder is there").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    for file in files {
        let found = problems(std::slice::from_ref(&file));
        assert!(!found.is_empty(), "{} loads without a word", file.display());
        for problem in &found {
            assert!(problem.place().is_some(), "{problem} has no place");
        }
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        insta::assert_snapshot!(name, report(&dir, &found));
    }
}

#[test]
fn ten_mistakes_in_one_file_are_ten_problems_each_with_its_place() {
    let found = problems(&[broken().join("ten-mistakes.yaml")]);
    let places: Vec<_> = found.iter().filter_map(Problem::place).map(|place| (place.line, place.column)).collect();
    assert_eq!(found.len(), 10, "{}", render(&found, Paint::Plain));
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(places.len(), 10);
}

#[test]
fn the_problems_of_all_files_come_at_once_and_names_clash_over_files() {
    let job = |name: &str, rest: &str| {
        format!("version: 1\nzone: UTC\naccount: a\njobs:\n  {name}: {{at: now, type: note, content: x{rest}}}\n")
    };
    let dir = folder(&[
        ("a.yaml", &job("sale", "")),
        ("b.yaml", &job("sale", "")),
        ("c.yaml", &job("c", ", tag: x")),
        ("d.yaml", "\t"),
    ]);
    insta::assert_snapshot!(report(dir.path(), &problems(&[dir.path().to_owned()])));
}

#[test]
fn one_bad_value_that_many_jobs_merge_in_is_one_problem() {
    let file = "version: 1\nzone: UTC\naccount: a\nx-base: &base {permission: all, type: note, at: now, content: x}\njobs:\n  a: *base\n  b: *base\n  c: {<<: *base, content: y}\n";
    let dir = folder(&[("jobs.yaml", file)]);
    assert_eq!(problems(&[dir.path().to_owned()]).len(), 1);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let dir = folder(&[("large.yaml", &"#".repeat(1_000_001))]);
    std::fs::write(dir.path().join("latin.yaml"), b"version: 1\nzone: caf\xe9\n").expect("written");
    let paths = [dir.path().to_owned(), dir.path().join("missing.yaml")];
    let found = problems(&paths);
    insta::assert_snapshot!(report(dir.path(), &found));
    let problems = plan::load(&paths, now()).expect_err("does not load");
    assert!(problems.watch().contains(&dir.path().join("missing.yaml")), "a file that appears may mend it");
}

#[test]
fn a_gif_stands_alone_and_large_files_are_refused() {
    let file = "version: 1\nzone: UTC\naccount: a\njobs:\n  p: {at: now, type: photo, images: [a.gif, b.png, c.png]}\n  q: {at: now, type: photo, images: [a.gif, b.png]}\n";
    let dir = folder(&[("jobs.yaml", file)]);
    std::fs::write(
        dir.path().join("a.gif"),
        b"GIF89a\x01\0\x01\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0\x3b",
    )
    .expect("written");
    std::fs::write(dir.path().join("b.png"), crate::plan_load::PNG).expect("written");
    std::fs::write(dir.path().join("c.png"), vec![0; 10_000_000]).expect("written");
    insta::assert_snapshot!(report(dir.path(), &problems(&[dir.path().to_owned()])));
}

#[test]
fn a_cut_or_garbled_file_never_panics() {
    let whole = std::fs::read_to_string(broken().join("ten-mistakes.yaml")).expect("readable");
    let dir = folder(&[]);
    let file = dir.path().join("jobs.yaml");
    let odd = ["", "\t", "\"", "[", "{", ": ", "*", "&a ", "\u{feff}", "\r", "<<: "];
    for (cut, odd) in (0..whole.len()).filter(|cut| whole.is_char_boundary(*cut)).zip(odd.into_iter().cycle()) {
        let rest = if odd.is_empty() { "" } else { &whole[cut..] };
        std::fs::write(&file, format!("{}{odd}{rest}", &whole[..cut])).expect("written");
        drop(render(&problems(std::slice::from_ref(&file)), Paint::Plain));
    }
}

#[test]
fn a_key_that_stands_twice_in_a_merged_mapping_is_told_there() {
    let file = "version: 1\nzone: UTC\naccount: a\nx-base: &base\n  type: note\n  type: photo\njobs:\n  a: {<<: *base, at: now, content: x}\n";
    let dir = folder(&[("jobs.yaml", file)]);
    let found = problems(&[dir.path().to_owned()]);
    assert_eq!(found.len(), 1, "{}", render(&found, Paint::Plain));
    assert_eq!((found[0].code.as_str(), found[0].place().map(|place| place.line)), ("E011", Some(6)));
}

#[test]
fn large_files_end_soon_and_within_bounds() {
    let head = "version: 1\nzone: UTC\naccount: a\n";
    let job = |n: usize| format!("  j{n}: {{cron: 0 9 * * MON, type: note, content: x}}\n");
    let fits: String = (0..10_000).map(job).collect();
    let many: String = (0..10_001).map(job).collect();
    let list =
        |n: usize, item: &str| format!("jobs: {{a: {{at: [{}], type: note, content: x}}}}\n", vec![item; n].join(","));
    let wide =
        format!("x-a: &a [{}]\nx-b: [{}]\njobs: {{}}\n", vec!["z"; 9_000].join(","), vec!["*a"; 9_000].join(","));
    let table = [
        // All of them on one account, each Monday at nine.
        (format!("jobs:\n{fits}"), "W037", 1),
        (format!("jobs:\n{many}"), "E002", 1),
        (list(1_001, "now"), "E002", 1),
        (wide, "E013", 1),
        (format!("jobs: {{{}}}\n", vec!["a: "; 90_000].join(",")), "E002", 1),
        (
            format!("jobs: {{a: {{at: now, type: note, content: x, {}}}}}\n", vec!["ä: 1"; 90_000].join(",")),
            "E0",
            1_000,
        ),
    ];
    for (text, code, count) in table {
        let dir = folder(&[("jobs.yaml", &format!("{head}{text}"))]);
        let found = problems(&[dir.path().to_owned()]);
        assert_eq!(found.len(), count, "{:?}", found.first().map(ToString::to_string));
        assert!(found.iter().all(|problem| problem.code.as_str().starts_with(code)));
    }
}

mod fuzz {
    use proptest::prelude::*;

    use storyd::yaml::document::{self, Node, ValueKind};
    use storyd::yaml::problem::Source;

    use super::*;

    /// Whether each unquoted text stands where its place says: the two readers have not lost each other.
    fn in_place(node: &Node, source: &Source) -> bool {
        match &node.kind {
            ValueKind::List(items) => items.iter().all(|item| in_place(item, source)),
            ValueKind::Map(entries) => {
                entries.iter().all(|entry| in_place(&entry.key, source) && in_place(&entry.value, source))
            }
            ValueKind::Text(text) if node.plain && !source.slice(&node.span).contains(['\n', '\r']) => {
                source.slice(&node.span) == text
            }
            _ => true,
        }
    }

    /// Pieces that files are made of, so that garbage gets past the first line.
    fn pieces() -> impl Strategy<Value = String> {
        let words = [
            "version: 1\n",
            "zone: Asia/Seoul\n",
            "account: a\n",
            "jobs:\n",
            "  가나: ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            ": ",
            "\n",
            "\n    ",
            "at: ",
            "cron: ",
            "type: ",
            "content: ",
            "images: ",
            "late: ",
            "from: ",
            "except: ",
            "tags: ",
            "delete_at: ",
            "<<: ",
            "now",
            "note",
            "photo",
            "2026-12-01 09:00",
            "2026-03-29T02:30+01:00",
            "24/11/26",
            "0 9 * * *",
            "* * 31 2 *",
            "*a",
            "&a ",
            "!t ",
            "| \n",
            "> \n",
            "\"",
            "'",
            "#",
            " #가",
            "\t",
            "\r",
            "\u{feff}",
            "\u{0}",
            "💥",
            "null",
            "~",
            "1e3",
            "-",
            "- ",
            "? ",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
            "@",
            "`",
            "\\",
            "7d",
            "",
        ];
        prop::collection::vec(
            prop_oneof![9 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()],
            0..40,
        )
        .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(crate::fuzz_edits::cases(500))]

        #[test]
        fn no_text_makes_the_loader_panic(text in pieces(), headed in any::<bool>()) {
            let head = if headed { "version: 1\nzone: Europe/Berlin\naccount: a\njobs:\n  a:\n    at: now\n    " } else { "" };
            let text = format!("{head}{text}");
            let dir = folder(&[("jobs.yaml", &text)]);
            let told = render(&problems(&[dir.path().to_owned()]), Paint::Plain);
            let source = std::sync::Arc::new(Source::new("jobs.yaml", "/", text.as_str()));
            // Where a character that is not what it seems was named, a mended copy was read in the place of the text.
            if let Ok(root) = document::parse(&source)
                && !told.contains("U+")
            {
                prop_assert!(in_place(&root, &source), "{root:?}");
            }
            if let Err(problems) = storyd::settings::Settings::parse(&text, Path::new("storyd.yaml")) {
                drop(problems.to_string());
            }
        }
    }
}
