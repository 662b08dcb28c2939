//! The checkout that the job files lie in: which commit it stands at, and whether a command is changing it at this moment. Read from its
//! files: nothing is executed, and no `git` is needed.

use std::path::{Path, PathBuf};

use super::read::read_up_to;

/// Longest file of a checkout's own that is read: a packed list of a hundred thousand branches.
const GIT_BYTES_MAX: u64 = 10_000_000;
/// How far up the folder of a checkout is looked for, and how many names lead from HEAD to a commit.
const STEPS_MAX: usize = 40;

/// The commit that the checkout around a folder stands at, in hexadecimal digits; nothing where there is no checkout, or none that can
/// be read. Read from its files: nothing is executed, and no `git` is needed.
pub(crate) fn commit(dir: &Path) -> Option<String> {
    let git_dir = git_dir(dir)?;
    // A linked checkout keeps its HEAD for itself, and its branches with the others.
    let shared = git_text(&git_dir.join("commondir")).map(|path| git_dir.join(path.trim()));
    let mut name = git_text(&git_dir.join("HEAD"))?;
    for _ in 0..STEPS_MAX {
        let trimmed = name.trim();
        let Some(branch) = trimmed.strip_prefix("ref:").map(str::trim) else {
            let digits = (40..=64).contains(&trimmed.len()) && trimmed.bytes().all(|byte| byte.is_ascii_hexdigit());
            return digits.then(|| trimmed.to_owned());
        };
        if branch.split('/').any(|part| part == "..") {
            return None;
        }
        let places = [Some(&git_dir), shared.as_ref()];
        let loose = places.iter().flatten().find_map(|place| git_text(&place.join(branch)));
        let packed = || {
            let list = git_text(&shared.as_ref().unwrap_or(&git_dir).join("packed-refs"))?;
            let found = list.lines().find_map(|line| line.strip_suffix(branch)?.strip_suffix(' '));
            found.map(str::to_owned)
        };
        name = loose.or_else(packed)?;
    }
    None
}

/// Whether a command is changing the checkout around a folder at this moment: what lies there may be half of one commit and half of
/// another.
pub fn checkout_is_changing(dir: &Path) -> bool {
    git_dir(dir).is_some_and(|git_dir| git_dir.join("index.lock").exists())
}

/// The folder in which the checkout around `dir` keeps its own.
fn git_dir(dir: &Path) -> Option<PathBuf> {
    // A release that is a symbolic link lies in the checkout that it points into.
    let dir = std::fs::canonicalize(dir).ok()?;
    for folder in dir.ancestors().take(STEPS_MAX) {
        let git = folder.join(".git");
        if git.is_dir() {
            return Some(git);
        }
        if let Some(text) = git_text(&git) {
            return Some(folder.join(text.trim().strip_prefix("gitdir:")?.trim()));
        }
    }
    None
}

fn git_text(path: &Path) -> Option<String> {
    String::from_utf8(read_up_to(path, GIT_BYTES_MAX).ok()?).ok()
}
