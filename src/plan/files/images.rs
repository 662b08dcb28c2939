//! The facts of image files, each read once: how large it is, its hash, and what its bytes say. Where there is no file to read: what lies
//! there instead, and what lies beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::near::{differing, nearest, spelt_alike};
use super::read::{kind, read_up_to, why};
use crate::domain::content::IMAGE_BYTES_LIMIT;
use crate::plan::image::{self, ImageInfo, Odd};

/// What the plan needs to know of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// The file, by the name that it has on disk: its letters may be composed otherwise than they were asked for.
    pub file: PathBuf,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// What its bytes say.
    pub picture: ImageInfo,
}

/// Why a file is no image that Kakao takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageTrouble {
    /// There is none of the name; those that were probably meant, from the first folder on that is spelt otherwise.
    Missing(Vec<String>),
    /// A folder, no permission, a link that leads nowhere.
    Unreadable {
        /// A clause that says why.
        why: String,
        /// What to do, where that follows from what was found.
        help: Option<String>,
    },
    /// It lies in no folder whose images may be posted.
    Outside,
    /// Its size in bytes.
    TooBig(u64),
    /// What it is instead.
    Format(Odd),
}

/// The folders below which images may lie: what a job file names anywhere else is not looked at, so that nobody who may edit job files
/// can post what only the daemon may read.
#[derive(Debug, Default)]
pub(crate) struct Roots(Vec<PathBuf>);

impl Roots {
    pub(crate) fn of<'a>(folders: impl Iterator<Item = &'a PathBuf>) -> Self {
        let both = |folder: &PathBuf| {
            let real = std::fs::canonicalize(folder).ok();
            [Some(plain(folder)), real].into_iter().flatten()
        };
        Self(folders.flat_map(both).collect())
    }

    fn hold(&self, path: &Path) -> bool {
        let below = |path: &Path| self.0.iter().any(|root| path.starts_with(root));
        // Where a link leads counts, and not where it lies.
        below(&plain(path)) && std::fs::canonicalize(path).map_or(true, |real| below(&real))
    }
}

/// The absolute path without `.` and `..`, whatever lies there.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Looks at images, each once.
pub(crate) fn images(paths: BTreeSet<PathBuf>, roots: &Roots) -> BTreeMap<PathBuf, Result<ImageFacts, ImageTrouble>> {
    // The file that is found by another spelling may be a link that leads out, too.
    let look = |path: &Path| {
        let file = spelt_alike(path).unwrap_or_else(|| path.to_owned());
        if roots.hold(path) && roots.hold(&file) { image(&file) } else { Err(ImageTrouble::Outside) }
    };
    paths.into_iter().map(|path| (path.clone(), look(&path))).collect()
}

/// The facts of one image file.
fn image(path: &Path) -> Result<ImageFacts, ImageTrouble> {
    let found = std::fs::metadata(path).map_err(|err| missing(path, &err))?;
    if !found.is_file() {
        return Err(ImageTrouble::Unreadable { why: kind(&found).to_owned(), help: None });
    }
    if found.len() >= IMAGE_BYTES_LIMIT {
        return Err(too_big(path, found.len()));
    }
    let bytes = read_up_to(path, IMAGE_BYTES_LIMIT).map_err(|err| missing(path, &err))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size >= IMAGE_BYTES_LIMIT {
        return Err(ImageTrouble::TooBig(size));
    }
    let picture = image::look(&bytes).map_err(ImageTrouble::Format)?;
    Ok(ImageFacts { file: path.to_owned(), sha256: format!("{:x}", Sha256::digest(&bytes)), bytes: size, picture })
}

/// A film of many megabytes is told that it is one: to save it smaller would not help.
fn too_big(path: &Path, size: u64) -> ImageTrouble {
    let front = read_up_to(path, image::FRONT_BYTES).unwrap_or_default();
    match image::told_by_front(&front) {
        Some(odd) => ImageTrouble::Format(odd),
        None => ImageTrouble::TooBig(size),
    }
}

fn missing(path: &Path, err: &io::Error) -> ImageTrouble {
    let unreadable = |why: String, help: Option<String>| ImageTrouble::Unreadable { why, help };
    let Ok(target) = std::fs::read_link(path) else {
        let help = if err.kind() == io::ErrorKind::NotFound { beside(path) } else { None };
        return match help {
            None if err.kind() == io::ErrorKind::NotFound => {
                ImageTrouble::Missing(nearest(path).iter().map(|near| differing(path, near)).collect())
            }
            help => unreadable(why(err), help),
        };
    };
    if err.kind() != io::ErrorKind::NotFound {
        return unreadable(why(err), None);
    }
    let shown = target.display();
    let why = format!("it is a symbolic link to {shown}, where there is no file");
    if target.to_string_lossy().contains("annex/objects/") {
        let help = "run `git annex get` for this file on this machine: the picture itself was not fetched here";
        return unreadable(why, Some(help.to_owned()));
    }
    unreadable(why, Some("copy the picture itself here, or let the link lead to it".to_owned()))
}

/// What lies in place of a missing file: a placeholder of iCloud, or a download that was not finished.
fn beside(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    if path.with_file_name(format!(".{name}.icloud")).exists() {
        return Some(format!(
            "only its placeholder (`.{name}.icloud`) is here: download the picture in the Finder, then copy it"
        ));
    }
    let part = ["crdownload", "part", "download", "filepart", "!ut"];
    let part = part.iter().map(|end| format!("{name}.{end}")).find(|part| path.with_file_name(part).exists())?;
    Some(format!("`{part}` lies there, a download or a copy that did not end: get the picture again"))
}
