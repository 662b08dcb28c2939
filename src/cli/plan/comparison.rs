//! What a comparison of the files with the queue, or with another version of them, found.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::coming::Coming;
use super::warning::Warning;
use crate::store::queue::PostChange;
use crate::yaml::problem::Problem;

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct PlanReport {
    /// What the files are compared with: `queue`, `nothing` (no queue yet), or the other version.
    pub(super) against: String,
    /// The commit of the checkout that the files lie in, if they all lie at one.
    pub(super) commit: Option<String>,
    /// When this was found.
    pub(super) at: Timestamp,
    /// How many jobs and job files there are.
    pub(super) jobs: usize,
    pub(super) files: usize,
    /// What would change, and the edits that come too late.
    pub(super) changes: Vec<PostChange>,
    /// The posts that are to appear until `coming_until`, in the order of time.
    pub(super) coming: Vec<Coming>,
    pub(super) coming_until: Timestamp,
    /// What a person should look at.
    pub(super) warnings: Vec<Warning>,
    /// The warnings of the job files themselves.
    pub(super) problems: Vec<Problem>,
    /// The folder in which the command was given, from which people read paths.
    #[serde(skip)]
    pub(super) here: Option<PathBuf>,
    /// What people call the accounts that have a title.
    #[serde(skip)]
    pub(super) titles: BTreeMap<String, String>,
}
