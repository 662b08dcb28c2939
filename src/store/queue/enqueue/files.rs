//! What the queue knows of single jobs: which file each stood in when it was last read.

use std::path::PathBuf;

use super::read::KnownJob;
use crate::store::error::Result;
use crate::store::handle::Store;

impl Store {
    /// What the queue knows of a job, or `None` when it has never seen it.
    pub async fn known_job(&self, job: &str) -> Result<Option<KnownJob>> {
        Ok(self.known_jobs(&[job]).await?.remove(job))
    }

    /// The jobs that are in a job file, with the file.
    pub async fn jobs_and_files(&self) -> Result<Vec<(String, PathBuf)>> {
        let mut reader = self.readers.acquire().await?;
        let rows = sqlx::query!("SELECT name, source FROM job WHERE gone_at IS NULL AND name NOT GLOB '@*'")
            .fetch_all(&mut *reader)
            .await?;
        Ok(rows.into_iter().map(|row| (row.name, file_of(&row.source))).collect())
    }
}

/// The file of `file:line:column`.
fn file_of(source: &str) -> PathBuf {
    source.rsplitn(3, ':').last().unwrap_or_default().into()
}
