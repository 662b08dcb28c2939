//! The one place of this floor that reads files: the job files themselves, the facts of their images, and the checkout around them.
//!
//! It judges nothing beyond "can be read"; what the facts mean for a post is for `content`.

mod encoding;
mod git;
pub(super) mod images;
mod near;
mod read;
pub mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::git::checkout_is_changing;
pub(super) use self::git::commit;
use self::images::Roots;
pub(super) use self::images::images;
pub use self::images::{ImageFacts, ImageTrouble};
pub use self::near::spelt_alike;
pub use self::read::{TEXT_BYTES_MAX, decoded, text, unreadable};
use self::tree::Unread;
use super::foreign::{self, Kin};
use crate::yaml::problem::{Code, Problem, Source};

/// Most job files of one plan.
const FILES_MAX: usize = 1_000;

/// What was found on disk.
#[derive(Debug, Default)]
pub(crate) struct FilesOnDisk {
    pub(super) sources: Vec<Arc<Source>>,
    pub(super) watch: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
    /// Files and folders that could not be read: what their jobs are is not known.
    pub(super) unread: Vec<PathBuf>,
    /// The folders that were given, and those of the files that were.
    dirs: Vec<PathBuf>,
    seen: BTreeSet<PathBuf>,
}

/// How a file got into the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Somebody named it.
    Named,
    /// It lies in a folder.
    Found,
}

/// Reads job files: each path is a file, or a folder whose `*.yaml` and `*.yml` are taken in the order of their paths, down to the bottom.
pub(super) fn gather(paths: &[PathBuf]) -> FilesOnDisk {
    let mut gathered = FilesOnDisk::default();
    for path in paths {
        gathered.follow(path);
        let path = &spelt_alike(path).unwrap_or_else(|| path.clone());
        if path.is_dir() {
            gathered.dirs.push(path.clone());
            gathered.folder(path);
        } else {
            gathered.dirs.push(folder_of(path));
            gathered.take(path, Way::Named);
        }
    }
    gathered
}

/// The folder that a file lies in.
fn folder_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.parent().unwrap_or(Path::new("/")).to_owned()
}

impl FilesOnDisk {
    fn follow(&mut self, path: &Path) {
        if !self.watch.iter().any(|watched| watched == path) {
            self.watch.push(path.to_owned());
        }
    }

    fn folder(&mut self, path: &Path) {
        let tree = tree::walk(path);
        tree.folders.iter().for_each(|folder| self.follow(folder));
        if tree.files.is_empty() && tree.unread.is_empty() {
            let message = format!("the folder {} holds no job file (`*.yaml`, `*.yml`)", path.display());
            self.problems.push(Problem::of_file(Code::EmptyFolder, path, message));
        }
        for file in &tree.files {
            self.take(file, Way::Found);
        }
        for file in tree.lookalikes {
            let message =
                format!("{} looks like a job file and is not read: its name does not end in `.yaml`", file.display());
            let help = "rename it to `….yaml`; if it is a copy that was put aside, to `….yaml.bak`";
            self.problems.push(Problem::of_file(Code::NotRead, &file, message).help(help));
        }
        for (folder, why) in tree.unread {
            let problem = match why {
                Unread::Error(error) => unreadable(&folder, &error),
                Unread::TooDeep => {
                    let message = format!("{} lies more than {} folders deep", folder.display(), tree::DEPTH_MAX);
                    Problem::of_file(Code::TooLarge, &folder, message).help("move it up, or name it too")
                }
                Unread::TooMany => {
                    let message =
                        format!("{} and what it lies in hold too many files to look through", folder.display());
                    Problem::of_file(Code::TooLarge, &folder, message)
                        .help("put the job files into a folder of their own, and name that")
                }
            };
            self.problems.push(problem);
            self.unread.push(folder);
        }
    }

    fn take(&mut self, path: &Path, way: Way) {
        // A file that is named itself and found in its folder too is one file.
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if !self.seen.insert(real) {
            return;
        }
        self.follow(path);
        if self.seen.len() > FILES_MAX {
            if self.seen.len() == FILES_MAX + 1 {
                let message = format!("more than {FILES_MAX} job files");
                self.problems.push(Problem::of_file(Code::TooLarge, path, message).help("put more jobs into one file"));
            }
            self.unread.push(path.to_owned());
            return;
        }
        match text(path) {
            Ok(source) => self.sort(source, way),
            Err(problem) => {
                self.problems.push(*problem);
                self.unread.push(path.to_owned());
            }
        }
    }

    /// Takes a text that lies in no file.
    pub(super) fn take_text(&mut self, source: &Arc<Source>) {
        self.dirs.push(source.dir().to_owned());
        self.sort(Arc::clone(source), Way::Named);
    }

    /// The settings may lie beside the job files: they are no job file, and nothing of them is shown.
    fn sort(&mut self, source: Arc<Source>, way: Way) {
        match (foreign::kin(&source), way) {
            (Kin::Open, _) => self.sources.push(source),
            (Kin::Confidential, _) => {
                self.sources.push(Arc::new(Source::new(source.path(), source.dir(), source.text()).confidential()));
            }
            (Kin::Settings, Way::Found) => {}
            (Kin::Settings, Way::Named) => {
                let message = format!("{} is a settings file, not a job file", source.path().display());
                let help = "name it with --settings, and put the job files into files of their own; in a folder it may lie beside them";
                self.problems.push(Problem::of_file(Code::SettingsFile, source.path(), message).help(help));
                self.unread.push(source.path().to_owned());
            }
            (Kin::Tool(tool), Way::Found) => {
                let message = format!("{} is {tool}, not a job file: it is left out", source.path().display());
                let help = "move it out of the folder of the job files to be rid of this warning";
                self.problems.push(Problem::of_file(Code::LeftOut, source.path(), message).help(help));
            }
            (Kin::Tool(tool), Way::Named) => {
                let message = format!("{} is {tool}, not a job file", source.path().display());
                let help = "name the job files, or the folder in which they lie";
                self.problems.push(Problem::of_file(Code::NoJobFile, source.path(), message).help(help));
                self.unread.push(source.path().to_owned());
            }
            (Kin::Strange, _) => {
                let message =
                    format!("{} has no key of a job file: it seems to be of another program", source.path().display());
                self.problems.push(
                    Problem::of_file(Code::NoJobFile, source.path(), message)
                        .help("move it out of the folder of the job files; no line of it is shown, for it may hold a secret")
                        .help("if it is a job file, begin it with `version: 1`, `zone: Asia/Seoul` and `jobs:`"),
                );
                self.unread.push(source.path().to_owned());
            }
        }
    }

    /// Where images may lie.
    pub(super) fn roots(&self, more: &[PathBuf]) -> Roots {
        Roots::of(self.dirs.iter().chain(more))
    }
}
