//! Another version of the job files: a file or folder, or a revision of the git checkout that they lie in, laid out in a folder of its own
//! by `git`, whose index and work tree are left as they are.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use jiff::Timestamp;

use super::super::failure::{Failure, PROBLEMS};
use super::super::tell::tell_problems;
use crate::cli::terminal::format::counted;
use crate::engine::sleep;
use crate::plan::{self, LoadInputs, Plan};

/// Most that is read of what a `git` command writes.
const STREAM_BYTES_MAX: u64 = 1_000_000;
/// Longest that one `git` command may take.
const GIT_LIMIT: Duration = Duration::from_secs(60);

/// The plan of that version, with its name. Files that it does not have are left out: their jobs are new.
pub(super) async fn load(
    spec: &str,
    paths: &[PathBuf],
    beside: &LoadInputs,
    now: Timestamp,
) -> Result<(String, Plan), Failure> {
    let file = Path::new(spec);
    if file.exists() {
        return read(spec, &[file.to_owned()], beside, now).map(|plan| (spec.to_owned(), plan));
    }
    let top = toplevel(spec, paths).await?;
    let commit = commit(spec, &top).await?;
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::unexpected(format!("cannot make a folder for {spec}: {error}")))?;
    let tree = folder.path().join("tree");
    lay_out(&commit, &top, folder.path(), &tree).await?;
    let mut old = Vec::new();
    for path in paths {
        let inside = absolute(path)?;
        let inside = inside.strip_prefix(&top).map_err(|_| outside(path, &top))?;
        let there = tree.join(inside);
        if there.exists() {
            old.push(there);
        }
    }
    let label = format!("{spec} ({})", commit.get(..10).unwrap_or(&commit));
    let mut beside = beside.clone();
    // What was committed together may be read together.
    beside.image_dirs.push(tree);
    let plan = if old.is_empty() { Plan::default() } else { read(&label, &old, &beside, now)? };
    Ok((label, plan))
}

fn read(label: &str, paths: &[PathBuf], beside: &LoadInputs, now: Timestamp) -> Result<Plan, Failure> {
    plan::load_with(paths, beside, now).map_err(|problems| {
        tell_problems(&problems);
        let count = counted(problems.errors(), "problem");
        Failure::new(
            PROBLEMS,
            format!("the job files of {label} do not load ({count}), so nothing can be compared with them"),
        )
    })
}

/// The path without symbolic links, as git names its checkout; of a file that is gone, that of its folder.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::no_such_thing(format!("{} cannot be found: {error}", path.display()));
    path.canonicalize().map_err(failed)
}

fn outside(path: &Path, top: &Path) -> Failure {
    Failure::usage(format!(
        "{} does not lie in the checkout {}; compare one checkout at a time",
        path.display(),
        top.display()
    ))
}

async fn toplevel(spec: &str, paths: &[PathBuf]) -> Result<PathBuf, Failure> {
    let first = paths.first().ok_or_else(|| Failure::usage("no job files"))?;
    let real = absolute(first)?;
    let dir = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(Path::new("/")) };
    let done = git(dir, &[], &["rev-parse", "--show-toplevel"]).await?;
    if !done.status.success() {
        return Err(Failure::no_such_thing(format!(
            "{spec} is no file, and no revision either: {} lies in no git checkout ({})",
            dir.display(),
            said(&done)
        )));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&done.stdout).trim_end_matches('\n')))
}

async fn commit(spec: &str, top: &Path) -> Result<String, Failure> {
    let wanted = format!("{spec}^{{commit}}");
    let done = git(top, &[], &["rev-parse", "--verify", "--end-of-options", &wanted]).await?;
    if !done.status.success() {
        return Err(Failure::no_such_thing(format!(
            "{spec} is neither a file nor a revision of {}; `git fetch` may bring it",
            top.display()
        )));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// Writes the commit's files under `tree`, by an index of its own.
async fn lay_out(commit: &str, top: &Path, folder: &Path, tree: &Path) -> Result<(), Failure> {
    let index = [("GIT_INDEX_FILE", folder.join("index"))];
    let mut prefix = std::ffi::OsString::from("--prefix=");
    prefix.push(tree);
    prefix.push("/");
    let prefix = prefix.to_string_lossy().into_owned();
    for arguments in [&["read-tree", commit][..], &["checkout-index", "--all", "--force", &prefix][..]] {
        let done = git(top, &index, arguments).await?;
        if !done.status.success() {
            let what = arguments.first().copied().unwrap_or_default();
            return Err(Failure::unexpected(format!("git {what} failed: {}", said(&done))));
        }
    }
    Ok(())
}

/// Runs git, which never asks anything.
pub(crate) async fn git(dir: &Path, environment: &[(&str, PathBuf)], arguments: &[&str]) -> Result<Output, Failure> {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]).args(arguments);
    // Another checkout's environment, as a hook has it, must not stand in for the one that the files lie in.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command.envs(environment.iter().map(|(name, path)| (name, path)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let broken = |error: std::io::Error| Failure::unexpected(format!("git cannot be run: {error}"));
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::no_such_thing("`git` is not installed; give --against a file or a folder")
        }
        _ => broken(error),
    })?;
    let (stdout, stderr) = (all_of(child.stdout.take()), all_of(child.stderr.take()));
    let both = async { (stdout.await.unwrap_or_default(), stderr.await.unwrap_or_default()) };
    let (stdout, stderr) = tokio::select! {
        both = both => both,
        () = sleep::pause(GIT_LIMIT) => {
            child.kill().and_then(|()| child.wait()).map_err(broken)?;
            let what = arguments.first().copied().unwrap_or_default();
            return Err(Failure::unexpected(format!("git {what} took longer than {} s and was stopped", GIT_LIMIT.as_secs())));
        }
    };
    Ok(Output { status: child.wait().map_err(broken)?, stdout, stderr })
}

/// Everything that a process writes to one of its streams, read beside the others.
fn all_of(stream: Option<impl Read + Send + 'static>) -> tokio::task::JoinHandle<Vec<u8>> {
    tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            // What cannot be read shows in the exit status.
            let _ = stream.take(STREAM_BYTES_MAX).read_to_end(&mut bytes);
        }
        bytes
    })
}

fn said(done: &Output) -> String {
    let text = String::from_utf8_lossy(&done.stderr);
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").trim().to_owned()
}
