//! Which images the posts refer to.

use std::collections::HashSet;

use crate::store::error::Result;
use crate::store::handle::Store;

impl Store {
    /// The hashes of all images that any post names, whatever its state: what was published is part of the record, and a person
    /// may take up again what was cancelled.
    pub async fn images_in_use(&self) -> Result<HashSet<String>> {
        let hashes = sqlx::query_scalar!(
            r#"SELECT DISTINCT json_extract(image.value, '$.sha256') AS "sha256!: String"
             FROM post, json_each(post.content, '$.body.images') AS image WHERE post.kind = 'photo'"#
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(hashes.into_iter().collect())
    }
}
