//! When the lines of job files were written, as the git checkout that they lie in tells. Where it does not, nothing is known, and
//! nothing fails.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::plan::revision::git;
use crate::plan::schedule::past::Past;

/// Most lines of one file that are asked for.
const LINES_MAX: usize = 200;

/// When each line was written: by file and line.
#[derive(Debug, Default)]
pub(crate) struct LineDates(HashMap<(PathBuf, usize), Timestamp>);

impl LineDates {
    /// Asks git for the lines on which these times stand.
    pub(super) async fn of(past: &[Past]) -> Self {
        let mut lines: HashMap<&Path, Vec<usize>> = HashMap::new();
        for one in past {
            lines.entry(one.place.file.as_path()).or_default().push(one.place.line);
        }
        let mut written = Self::default();
        for (file, mut lines) in lines {
            lines.sort_unstable();
            lines.dedup();
            lines.truncate(LINES_MAX);
            for (line, at) in blamed(file, &lines).await.unwrap_or_default() {
                written.0.insert((file.to_owned(), line), at);
            }
        }
        written
    }

    pub(super) fn at(&self, past: &Past) -> Option<Timestamp> {
        self.0.get(&(past.place.file.clone(), past.place.line)).copied()
    }
}

/// The lines of one file with the time of the commit that wrote each; of one that is not committed, now.
async fn blamed(file: &Path, lines: &[usize]) -> Option<Vec<(usize, Timestamp)>> {
    let file = file.canonicalize().ok()?;
    let dir = file.parent()?;
    // A checkout with a cut-off history knows of every line only that it is not younger.
    let shallow = git(dir, &[], &["rev-parse", "--is-shallow-repository"]).await.ok()?;
    if !shallow.status.success() || String::from_utf8_lossy(&shallow.stdout).trim() != "false" {
        return None;
    }
    let ranges: Vec<String> = lines.iter().map(|line| format!("-L{line},{line}")).collect();
    let name = file.to_string_lossy();
    let mut arguments = vec!["blame", "--porcelain", "--root"];
    arguments.extend(ranges.iter().map(String::as_str));
    arguments.extend(["--", &*name]);
    let done = git(dir, &[], &arguments).await.ok()?;
    done.status.success().then(|| read(&String::from_utf8_lossy(&done.stdout)))
}

/// Reads what `git blame --porcelain` prints: a commit's head is told once, with the first of its lines.
fn read(text: &str) -> Vec<(usize, Timestamp)> {
    let mut times: HashMap<&str, Timestamp> = HashMap::new();
    let mut lines: Vec<(&str, usize)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('\t')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            [commit, _, line, ..] if commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                lines.extend(line.parse().ok().map(|line| (*commit, line)));
            }
            ["author-time", seconds] => {
                if let (Some((commit, _)), Some(at)) =
                    (lines.last(), seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()))
                {
                    times.insert(commit, at);
                }
            }
            _ => {}
        }
    }
    lines.into_iter().filter_map(|(commit, line)| Some((line, *times.get(commit)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_time_of_its_commit() {
        let (one, two) = ("a".repeat(40), "0".repeat(40));
        let text = format!(
            "{one} 3 5 1\nauthor A\nauthor-time 1000\nsummary x\nfilename f\n\tat: x\n{two} 9 9 1\nauthor-time 2000\n\t{one} 1 1\n{one} 4 7 1\n\ty\n"
        );
        let at = |seconds| Timestamp::from_second(seconds).expect("in range");
        assert_eq!(read(&text), [(5, at(1_000)), (9, at(2_000)), (7, at(1_000))]);
    }
}
