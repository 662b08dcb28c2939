//! Backups: a folder that holds the whole record and the images, made while the daemon works, checked after it was written, and put
//! back in place of the queue. Tokens are never part of one: they live in files of their own, and a copy would outlive their renewal.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::error::{Result, StoreError};
use super::files::{copy_for_us, sync_folder, write_synced};
use super::handle::{Access, Store};
use super::lock::{DataLock, RESTORING};
use super::values::write_json;
use super::{crash, media};

/// The database of a backup.
const DATABASE: &str = "queue.db";
/// What a backup says of itself.
const LABEL: &str = "backup.json";
/// The images.
const MEDIA: &str = "media";
/// How the folder begins that a restore moves the queue to.
const AWAY: &str = "before-restore-";
/// Longest label that is read.
const LABEL_BYTES_MAX: u64 = 64 * 1024;

/// What a backup says of itself: `backup.json`, written last. A folder without it is no backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// When it was begun: everything that was recorded before is in it.
    pub made_at: Timestamp,
    /// The version of storyd that made it.
    pub storyd: String,
    /// SHA-256 of the database.
    pub sha256: String,
    /// Bytes of the database.
    pub bytes: u64,
    /// Posts in it.
    pub posts: u64,
    /// Events in it.
    pub events: u64,
    /// Stories in it.
    pub stories: u64,
    /// Images beside it.
    pub images: u64,
    /// The names of stored images that were damaged, and were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
}

impl Store {
    /// Writes a backup into the folder `to`, which must not exist, and checks it. Readers and the writer go on meanwhile.
    ///
    /// # Errors
    /// The folder exists or cannot be written, or what was written does not pass its check; then nothing is left behind that looks
    /// like a backup.
    pub async fn back_up(&self, to: &Path, now: Timestamp) -> Result<Label> {
        if to.exists() {
            return Err(StoreError::Exists(to.into()));
        }
        let failed = |doing| move |source| StoreError::File { doing, path: to.into(), source };
        // Before the database: no image that it names goes before it is copied.
        let held = self.media().clone();
        let _held = blocking(move || held.hold()).await?;
        let media = to.join(MEDIA);
        fs::create_dir_all(&media).map_err(failed("create the folder"))?;
        let target = to.join(DATABASE);
        self.copy_into(&target).await?;
        // After the database: an image is there before a post refers to it.
        let from = self.media().folder().to_owned();
        let (images, damaged) = blocking(move || copy_images(&from, &media)).await?;
        label(to, now, images, damaged).await
    }

    /// One consistent snapshot, however long it takes, in a file without a log.
    async fn copy_into(&self, target: &Path) -> Result<()> {
        let mut connection = SqliteConnectOptions::new()
            .filename(self.path())
            .read_only(true)
            .busy_timeout(std::time::Duration::from_secs(10))
            .connect()
            .await?;
        let name = target.to_string_lossy().into_owned();
        let copied = sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await;
        connection.close().await?;
        copied?;
        let failed = |source| StoreError::File { doing: "sync", path: target.into(), source };
        File::open(target).and_then(|file| file.sync_all()).map_err(failed)
    }

    /// Looks for damage: pages, references, and what the record says of itself. What was found, each as a sentence; nothing when all
    /// is well.
    pub async fn check(&self) -> Result<Vec<String>> {
        let mut connection = self.readers.acquire().await?;
        let mut found = pages_and_references(&mut connection).await?;
        for (what, count) in own_rules(&mut connection).await? {
            if count > 0 {
                found.push(format!("{count} {what}"));
            }
        }
        Ok(found)
    }
}

/// Checks the database of a folder, and makes a backup of the folder with what is said of it.
pub(super) async fn label(to: &Path, made_at: Timestamp, images: u64, damaged: Vec<String>) -> Result<Label> {
    let failed = |doing| move |source| StoreError::File { doing, path: to.into(), source };
    let database = to.join(DATABASE);
    let (posts, events, stories) = inspect_copy(&database).await?;
    let (sha256, bytes) = blocking(move || sum(&database)).await?;
    let storyd = env!("CARGO_PKG_VERSION").to_owned();
    let label = Label { made_at, storyd, sha256, bytes, posts, events, stories, images, damaged };
    let text = write_json(&label)?;
    write_synced(&to.join(LABEL), text.as_bytes()).map_err(failed("write to"))?;
    sync_folder(to).map_err(failed("sync"))?;
    Ok(label)
}

/// Reads a backup and checks it: its label, its bytes, its pages.
///
/// # Errors
/// It is no backup, or it is damaged.
pub async fn read_backup(folder: &Path) -> Result<Label> {
    let path = folder.join(LABEL);
    let damaged = |what: String| StoreError::Corrupt { path: folder.into(), what };
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(LABEL_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| StoreError::File { doing: "read the backup's label", path, source })?;
    let label: Label =
        serde_json::from_str(&text).map_err(|error| damaged(format!("its label cannot be read: {error}")))?;
    let database = folder.join(DATABASE);
    let summed = database.clone();
    let (sha256, bytes) = blocking(move || sum(&summed)).await?;
    if (sha256.as_str(), bytes) != (label.sha256.as_str(), label.bytes) {
        return Err(damaged("its database is not the one that was written".into()));
    }
    inspect_copy(&database).await?;
    Ok(label)
}

/// The names of the images of a backup that are damaged: a restore leaves them out.
///
/// # Errors
/// The folder cannot be read.
pub async fn damaged_images(folder: &Path) -> Result<Vec<String>> {
    let media = folder.join(MEDIA);
    blocking(move || {
        let failed = |source| StoreError::File { doing: "read", path: media.clone(), source };
        let mut damaged = Vec::new();
        for path in images_in(&media).map_err(failed)? {
            if is_damaged(&path).map_err(failed)? {
                damaged.push(name_of(&path));
            }
        }
        Ok(damaged)
    })
    .await
}

/// A backup that was put in place.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub label: Label,
    /// Where the queue that was there before lies now, if there was one.
    pub aside: Option<PathBuf>,
}

/// Puts a backup in place of the queue in `data_dir`. What was there is moved aside, never deleted. The queue that is put in place
/// knows that it was restored: every account's list is read before anything goes out. A restore that is interrupted leaves a mark
/// that keeps the daemon from starting until it was done again.
///
/// # Errors
/// A daemon runs, the backup does not pass its check, or a file cannot be moved or copied.
pub async fn restore(folder: &Path, data_dir: &Path, actor: &str, now: Timestamp) -> Result<Restored> {
    let _lock = DataLock::take(data_dir)?;
    let label = read_backup(folder).await?;
    let failed = |doing: &'static str| move |source| StoreError::File { doing, path: data_dir.into(), source };
    let mark = data_dir.join(RESTORING);
    // The mark names the folder that what was there goes to: a restore that is done again puts the rest of it beside the beginning.
    let away = match fs::read_to_string(&mark).ok().filter(|name| is_away(name)) {
        Some(name) => name,
        None => new_away(data_dir, now),
    };
    crash::point().await;
    write_synced(&mark, away.as_bytes()).and_then(|()| sync_folder(data_dir)).map_err(failed("write to"))?;
    crash::point().await;
    // Made ready beside the queue: what is put in place is marked already.
    let ready = data_dir.join(".restoring");
    if ready.exists() {
        fs::remove_dir_all(&ready).map_err(failed("clear"))?;
    }
    fs::create_dir_all(&ready).map_err(failed("write to"))?;
    let (from, to, media) = (folder.to_owned(), ready.join(DATABASE), data_dir.join(MEDIA));
    blocking(move || {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::File { doing: "copy into", path, source }
        };
        copy_for_us(&from.join(DATABASE), &to).map_err(failed(&to))?;
        fs::create_dir_all(&media).map_err(failed(&media))?;
        copy_images(&from.join(MEDIA), &media).map(drop)
    })
    .await?;
    crash::point().await;
    let store = Store::open(&ready, Access::Daemon).await?;
    store.begin_restoration(label.made_at, actor, now).await?;
    store.close().await;
    File::open(ready.join(DATABASE)).and_then(|file| file.sync_all()).map_err(failed("sync"))?;
    crash::point().await;
    let aside = swap(&ready, data_dir, &away).await.map_err(failed("put the backup in place in"))?;
    crash::point().await;
    fs::remove_dir_all(&ready).map_err(failed("clear"))?;
    crash::point().await;
    fs::remove_file(&mark).and_then(|()| sync_folder(data_dir)).map_err(failed("write to"))?;
    Ok(Restored { label, aside })
}

/// Moves the queue of `data_dir` aside, into its folder `away`, and the one of `ready` to its place.
async fn swap(ready: &Path, data_dir: &Path, away: &str) -> std::io::Result<Option<PathBuf>> {
    let away = data_dir.join(away);
    // What is in place now was put there by a restore that was interrupted after its last step but one: the queue before it lies aside
    // already, and is never written over.
    let put_in_place = away.join(DATABASE).exists();
    for name in ["queue.db-wal", "queue.db-shm", DATABASE] {
        let from = data_dir.join(name);
        if from.exists() && !put_in_place {
            fs::create_dir_all(&away)?;
            crash::point().await;
            fs::rename(&from, away.join(name))?;
        }
    }
    crash::point().await;
    if !put_in_place {
        // The database left last, so that a log never stands beside another database than its own.
        if let Some(aside) = Some(&away).filter(|aside| aside.exists()) {
            sync_folder(aside)?;
        }
        sync_folder(data_dir)?;
    }
    fs::rename(ready.join(DATABASE), data_dir.join(DATABASE))?;
    sync_folder(data_dir)?;
    Ok(away.exists().then_some(away))
}

/// A name for the folder that the queue goes to, which nothing has yet.
fn new_away(data_dir: &Path, now: Timestamp) -> String {
    let name = format!("{AWAY}{}", now.strftime("%Y%m%dT%H%M%SZ"));
    let taken = |name: &String| data_dir.join(name).exists();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}

/// Whether a mark names such a folder, and nothing else.
fn is_away(name: &str) -> bool {
    name.strip_prefix(AWAY).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

async fn inspect_copy(path: &Path) -> Result<(u64, u64, u64)> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true).connect().await?;
    let found = pages_and_references(&mut connection).await?;
    if let Some(what) = found.into_iter().next() {
        return Err(StoreError::Corrupt { path: path.into(), what });
    }
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM post) AS "posts!: i64", (SELECT count(*) FROM event) AS "events!: i64",
             (SELECT count(*) FROM story) AS "stories!: i64""#
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok((count(row.posts), count(row.events), count(row.stories)))
}

async fn pages_and_references(connection: &mut SqliteConnection) -> Result<Vec<String>> {
    let mut found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(20)").fetch_all(&mut *connection).await?;
    found.retain(|line| line != "ok");
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *connection).await?;
    if !broken.is_empty() {
        found.push(format!("{} rows refer to others that are not there", broken.len()));
    }
    Ok(found)
}

/// What no history that our statements wrote can show.
async fn own_rules(connection: &mut SqliteConnection) -> Result<Vec<(&'static str, i64)>> {
    let row = sqlx::query!(
        r#"SELECT
             (SELECT count(*) FROM post p WHERE p.state <> (SELECT e.state FROM event e WHERE e.post_id = p.id
                ORDER BY e.id DESC LIMIT 1)) AS "histories!: i64",
             (SELECT count(*) FROM post p WHERE p.state IN ('published', 'deleted')
                AND NOT EXISTS (SELECT 1 FROM story s WHERE s.post_id = p.id AND s.story_id = p.story_id)) AS "unrecorded!: i64",
             (SELECT count(*) FROM story s JOIN post p ON p.id = s.post_id
                WHERE p.state <> iif(s.deleted_at IS NULL, 'published', 'deleted')) AS "stories!: i64",
             (SELECT count(*) FROM attempt t JOIN post p ON p.id = t.post_id WHERE t.ended_at IS NULL AND t.kind <> 'delete'
                AND p.state NOT IN ('claimed', 'publishing')) AS "open!: i64",
             (SELECT count(*) FROM pruning) AS "pruning!: i64""#
    )
    .fetch_one(connection)
    .await?;
    Ok(vec![
        ("posts whose history ends in another state than theirs", row.histories),
        ("published posts without their story", row.unrecorded),
        ("stories that stand otherwise than their posts", row.stories),
        ("open attempts at posts that nobody holds", row.open),
        ("posts in the middle of being pruned", row.pruning),
    ])
}

/// Copies the images that are not there yet, or are there and damaged. How many there are, and the names of those that are damaged
/// themselves and were left out.
fn copy_images(from: &Path, to: &Path) -> Result<(u64, Vec<String>)> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::File { doing: "copy the images of", path, source }
    };
    let (mut images, mut damaged) = (0, Vec::new());
    for source in images_in(from).map_err(failed(from))? {
        let name = name_of(&source);
        if is_damaged(&source).map_err(failed(&source))? {
            damaged.push(name);
            continue;
        }
        images += 1;
        let target = to.join(&name);
        if !target.exists() || is_damaged(&target).map_err(failed(&target))? {
            let partial = to.join(format!(".{name}"));
            copy_for_us(&source, &partial).map_err(failed(&source))?;
            File::open(&partial).and_then(|file| file.sync_all()).map_err(failed(&partial))?;
            fs::rename(&partial, &target).map_err(failed(&target))?;
        }
    }
    if from.is_dir() {
        sync_folder(to).map_err(failed(to))?;
    }
    Ok((images, damaged))
}

/// The files of a folder of images, in the order of their names; none where there is no folder.
fn images_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<std::io::Result<Vec<PathBuf>>>()?;
    // A name that begins with a dot is an image that is being written.
    paths.retain(|path| path.is_file() && !name_of(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

/// Whether it is an image and does not hold the bytes that its name tells. What is named otherwise is a person's own.
fn is_damaged(path: &Path) -> std::io::Result<bool> {
    Ok(media::is_ours(&name_of(path)) && !media::is_named_by_its_hash(path)?)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn sum(path: &Path) -> Result<(String, u64)> {
    let failed = |source| StoreError::File { doing: "read", path: path.into(), source };
    File::open(path).and_then(media::sum).map_err(failed)
}

/// Runs what waits for the disk where it holds up nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(StoreError::Nonsense { what: "a backup that was interrupted".into() }))
}
