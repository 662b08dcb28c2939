//! Finds out which commit the program is built from, for `storyd --version`: that of the checkout, or what a packaged source says of
//! itself. `STORYD_COMMIT` names it where neither is at hand.

use std::path::{Path, PathBuf};
use std::process::Command;

/// As many digits as tell commits apart for as long as anybody asks.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=STORYD_COMMIT");
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let named = std::env::var("STORYD_COMMIT").ok().filter(|commit| !commit.trim().is_empty());
    let commit = named.or_else(|| of_checkout(&here)).or_else(|| of_package(&here));
    println!("cargo::rustc-env=STORYD_COMMIT={}", commit.as_deref().map_or("unknown", str::trim));
}

/// The commit of the checkout that has its root here; one of another repository around it is none of ours.
fn of_checkout(here: &Path) -> Option<String> {
    let root = git(here, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&root).canonicalize().ok()? != here.canonicalize().ok()? {
        return None;
    }
    // Where the commit is written down: HEAD itself, the branch that it names, and the file that branches are packed into.
    let branch = git(here, &["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let file = here.join(git(here, &["rev-parse", "--git-path", name])?);
        if file.exists() {
            println!("cargo::rerun-if-changed={}", file.display());
        }
    }
    git(here, &["rev-parse", &format!("--short={DIGITS}"), "HEAD"])
}

/// What cargo wrote into a packaged source.
fn of_package(here: &Path) -> Option<String> {
    let text = std::fs::read_to_string(here.join(".cargo_vcs_info.json")).ok()?;
    let mut words = text.split(|c: char| !c.is_ascii_hexdigit());
    words.find(|word| word.len() >= 40).map(|word| word[..DIGITS].to_owned())
}

fn git(here: &Path, words: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(here).args(words).output().ok()?;
    let told = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !told.trim().is_empty()).then(|| told.trim().to_owned())
}
