//! Which files of a folder are job files: every `*.yaml` and `*.yml`, down to the bottom. Hidden files and folders are left out: editors,
//! git and others keep their own there. A folder that a symbolic link leads to is read as any other, and each folder once, so that
//! links in a circle end.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Deepest folder below a given one that is read.
pub const DEPTH_MAX: usize = 16;
/// Most entries of folders that are looked at.
const ENTRIES_MAX: usize = 100_000;
/// So much of a file tells whether it looks like a job file.
const FRONT_BYTES: u64 = 64 * 1024;
/// What ends the names of copies that were put aside on purpose.
const ASIDE: [&str; 12] =
    ["bak", "old", "orig", "rej", "save", "swp", "tmp", "off", "disabled", "example", "sample", "template"];
/// What ends the names of files that are no job files though they may quote one.
const OTHERS: [&str; 12] = ["md", "markdown", "rst", "adoc", "html", "htm", "sh", "py", "rb", "js", "ts", "log"];

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Tree {
    /// The job files, in the order of their paths.
    pub files: Vec<PathBuf>,
    /// The folders: the given one first.
    pub folders: Vec<PathBuf>,
    /// Files that look like job files and whose names say otherwise.
    pub lookalikes: Vec<PathBuf>,
    /// What could not be read, and why.
    pub unread: Vec<(PathBuf, Unread)>,
}

/// Why a folder is not read.
#[derive(Debug)]
pub enum Unread {
    /// The system says so.
    Error(io::Error),
    /// It lies too deep.
    TooDeep,
    /// There are too many entries.
    TooMany,
}

/// Walks a folder to its bottom.
pub fn walk(folder: &Path) -> Tree {
    let mut tree = Tree::default();
    let (mut seen, mut left) = (BTreeSet::new(), ENTRIES_MAX);
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        if !seen.insert(std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone())) {
            continue;
        }
        if depth > DEPTH_MAX {
            tree.unread.push((folder, Unread::TooDeep));
            continue;
        }
        match entries(&folder, &mut left) {
            Ok(Some(found)) => {
                tree.folders.push(folder);
                for path in found {
                    if path.is_dir() {
                        open.push((path, depth + 1));
                    } else if is_job_file(&path) {
                        tree.files.push(path);
                    } else if looks_like_one(&path) {
                        tree.lookalikes.push(path);
                    }
                }
            }
            Ok(None) => {
                tree.unread.push((folder, Unread::TooMany));
                break;
            }
            Err(error) => tree.unread.push((folder, Unread::Error(error))),
        }
    }
    tree.files.sort();
    tree.lookalikes.sort();
    tree
}

/// What is in a folder and not hidden; nothing when there is too much of it.
fn entries(folder: &Path, left: &mut usize) -> io::Result<Option<Vec<PathBuf>>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let Some(fewer) = left.checked_sub(1) else { return Ok(None) };
        *left = fewer;
        let path = entry?.path();
        if !is_hidden(&path) {
            found.push(path);
        }
    }
    Ok(Some(found))
}

/// Whether its name says that it is left out.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
}

/// Whether its name is that of a job file.
pub fn is_job_file(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml"))
}

/// Whether a file of another name looks like a job file that was meant to be read. Copies that were put aside are not: they were renamed
/// to be out of the way.
fn looks_like_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if name.ends_with('~') || ASIDE.contains(&ending) || OTHERS.contains(&ending) {
        return false;
    }
    let near = |word: &str| strsim::osa_distance(ending.trim(), word) <= 2;
    let text = matches!(ending, "" | "txt" | "text" | "json" | "json5" | "jsonc");
    if !text && !near("yaml") && !near("yml") {
        return false;
    }
    let mut front = Vec::new();
    let is_file = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let read = || std::fs::File::open(path)?.take(FRONT_BYTES).read_to_end(&mut front);
    is_file && { read }().is_ok() && says_jobs(&String::from_utf8_lossy(&front))
}

/// Whether a text has the keys that every job file has.
fn says_jobs(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        return ["\"version\"", "\"zone\"", "\"jobs\""].iter().all(|key| text.contains(key));
    }
    let has = |key: &str| {
        text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
    };
    has("version") && has("jobs") && has("zone")
}
