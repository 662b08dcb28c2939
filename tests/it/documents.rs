//! The documents hold together: every link leads to a file and a heading that exist, every path that they name exists, and every
//! document can be reached from the README. `cli_examples.rs` tries their YAML, `src/cli/tests.rs` their commands.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::kept::root;

/// Every Markdown file for people, but the pages of the problem codes.
pub(crate) fn documents() -> Vec<PathBuf> {
    let mut folders = vec![root("docs")];
    let mut files: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "systemd/README.md"].map(root).into();
    files.extend(Some(root("README.ko.md")).filter(|file| file.exists()));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("codes") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text without its fenced blocks.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// What the links of a text lead to.
fn links(text: &str) -> Vec<String> {
    let parts =
        prose(text).split("](").skip(1).filter_map(|part| Some(part.split_once(')')?.0.to_owned())).collect::<Vec<_>>();
    parts.into_iter().filter(|link| !link.contains("://")).collect()
}

/// The name under which a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect::<String>().to_lowercase()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter_map(|line| line.strip_prefix('#'));
    headings.map(|heading| anchor(heading.trim_start_matches('#').trim())).collect()
}

/// The file that a link of `from` leads to, with what is wrong with it.
fn followed(from: &Path, link: &str) -> Result<PathBuf, String> {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let path = if file.is_empty() { from.to_owned() } else { from.parent().unwrap().join(file) };
    let path = path.canonicalize().map_err(|_| "there is no such file".to_owned())?;
    if !heading.is_empty() && !anchors(&read(&path)).contains(heading) {
        return Err("there is no such heading".to_owned());
    }
    Ok(path)
}

#[test]
fn every_link_leads_somewhere_and_every_document_can_be_reached() {
    let mut wrong = Vec::new();
    let mut reached = BTreeSet::new();
    let mut next = vec![root("README.md").canonicalize().unwrap()];
    while let Some(file) = next.pop() {
        if file.extension().is_none_or(|end| end != "md") || !reached.insert(file.clone()) {
            continue;
        }
        for link in links(&read(&file)) {
            match followed(&file, &link) {
                Ok(path) => next.push(path),
                Err(why) => wrong.push(format!("{}: {link}: {why}", file.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all = documents().into_iter().map(|file| file.canonicalize().unwrap());
    let lost: Vec<PathBuf> = all.filter(|file| !reached.contains(file)).collect();
    assert!(lost.is_empty(), "no document links to {lost:#?}");
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut wrong = Vec::new();
    for file in documents() {
        let text = prose(&read(&file));
        for code in text.split('`').skip(1).step_by(2) {
            let ours = ["src/", "tests/", "docs/", "crates/", "benches/", "migrations/", "systemd/"];
            let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
            if plain && ours.iter().any(|folder| code.starts_with(folder)) && !root(code).exists() {
                wrong.push(format!("{}: {code}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_first_pages_are_short_and_lines_fit_100_columns() {
    for (name, most) in [("README.md", 10_000), ("CONTRIBUTING.md", 6_000)] {
        let size = read(&root(name)).len();
        assert!(size <= most, "{name} has {size} bytes, more than {most}");
    }
    let mut wide = Vec::new();
    for file in documents() {
        let text = read(&file);
        let mut fenced = false;
        for (number, line) in (1..).zip(text.lines()) {
            fenced ^= line.trim_start().starts_with("```");
            let whole = fenced || line.starts_with('|') || !line.trim().contains(' ');
            if !whole && line.chars().count() > 100 {
                wide.push(format!("{}:{number}", file.display()));
            }
        }
    }
    assert!(wide.is_empty(), "wrap at 100 columns:\n{}", wide.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let readme = root("README.md");
    let text = "[a](docs/style.md#glossary) and [b](docs/none.md), [c](#nowhere)\n```text\n[d](x)\n```\n[e](https://example.com)";
    let found: Vec<bool> = links(text).iter().map(|link| followed(&readme, link).is_ok()).collect();
    assert_eq!(found, [true, false, false]);
    assert_eq!(anchor("When the clock is in doubt"), "when-the-clock-is-in-doubt");
    assert_eq!(anchor("What `check` looks for"), "what-check-looks-for");
}
