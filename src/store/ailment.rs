//! Why the store writes nothing any more, once the disk beneath it failed.

/// Why nothing is written any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// A write, or the fsync after it, failed: nobody knows what of it is on the disk.
    Failed(String),
    /// A page does not hold what it should.
    Damaged(String),
    /// The file was moved, removed or replaced under the open queue.
    Gone(String),
}

impl std::fmt::Display for Ailment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(what) => write!(
                f,
                "could not be written ({what}), so nothing more is sent; look at the disk and its file system (`dmesg` tells), then start storyd again: it settles what was under way"
            ),
            Self::Damaged(what) => write!(
                f,
                "is damaged ({what}), so nothing more is sent; keep a copy of the folder, then restore a backup, or recover the file with `sqlite3 queue.db .recover`"
            ),
            Self::Gone(what) => write!(
                f,
                "was moved or removed while storyd worked ({what}), so nothing more is sent; bring the folder back as it was, then start storyd again: with an empty queue it would post again what is out"
            ),
        }
    }
}
