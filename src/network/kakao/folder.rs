//! The tokens on disk: one JSON file per account, for the owner's eyes alone, replaced as a whole.
//!
//! Owns the files' names, permissions and locks. Blocking, since it is files: async callers go through
//! [`refresh`](crate::network::kakao::refresh). Knows no HTTP, and nothing of when a token should be renewed.
//!
//! A file is written beside its place, synced, renamed over the old one, and the folder synced: after a crash there is the old
//! set or the new one, never half of either. Writing asks for the account's [`AccountLock`], which spans processes, so that the
//! daemon and a command cannot replace each other's tokens.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::token::{AccessToken, RefreshToken, TokenOwner, TokenSet};

/// Longest account name, in bytes.
const ACCOUNT_BYTES_MAX: usize = 64;
/// Longest token file that is read, in bytes: several times what two tokens of the longest kind take.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Most refreshes that a lock file remembers.
const REFRESHES_MAX: usize = 32;

/// Why tokens could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a name that can be a file's.
    #[error("{0:?} is no account name: use 1 to 64 of the characters a-z, 0-9, _ and -")]
    Account(String),
    /// Nobody has handed in any.
    #[error("account \"{0}\" has no tokens: log it in with `storyd account login {0}`")]
    Missing(String),
    /// Others could read or replace them.
    #[error("`{path}` is open to others (mode {mode:03o}): run `chmod {wanted:o} {path}`")]
    TooOpen {
        /// The file or folder.
        path: String,
        /// Its permission bits.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// The file does not hold a token set. The text never quotes it.
    #[error("`{path}` does not hold tokens ({why}): remove it, and log in again with `storyd account login {account}`")]
    Unreadable {
        /// The file.
        path: String,
        /// Whose it is.
        account: String,
        /// Line and column, or what is wrong.
        why: String,
    },
    /// The disk, or the permissions of the service's user.
    #[error("failed to {what} `{path}`")]
    Io {
        /// The deed.
        what: &'static str,
        /// The file or folder.
        path: String,
        /// The system's own words.
        #[source]
        source: io::Error,
    },
}

/// The folder `tokens/`: mode 0700, a file `NAME.json` (0600) per account, and a `NAME.lock` beside it.
#[derive(Clone, Debug)]
pub struct TokenFolder {
    path: PathBuf,
    fuse: Option<Failpoint>,
}

/// For tests: from its n-th step on nothing happens on the disk any more, as if the process had been killed before it.
#[derive(Clone, Debug)]
pub struct Failpoint(Arc<AtomicU64>);

impl Failpoint {
    /// One that blows before the `dies_at`-th step, from 1.
    pub fn of(dies_at: u64) -> Self {
        Self(Arc::new(AtomicU64::new(dies_at)))
    }

    /// Whether it has.
    pub fn has_blown(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    fn step(&self) -> io::Result<()> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(1)));
        if left.unwrap_or(0) <= 1 { Err(io::Error::other("killed")) } else { Ok(()) }
    }
}

/// A place where the process may be killed.
fn step(fuse: Option<&Failpoint>) -> io::Result<()> {
    fuse.map_or(Ok(()), Failpoint::step)
}

/// What tells one token file from the next one, which replaces it as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenFileStamp {
    inode: u64,
    modified: (i64, i64),
    bytes: u64,
    permissions: u32,
}

/// The right to write one account's tokens, exclusive among threads and processes until dropped. The file behind it also
/// remembers the latest refreshes, so that the limit on them outlives a restart.
#[derive(Debug)]
pub struct AccountLock {
    account: String,
    path: PathBuf,
    file: File,
    fuse: Option<Failpoint>,
}

/// The file's shape. Keys that another version writes are left alone by reading past them.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    obtained_at: Timestamp,
    /// The set that takes the place of this one once it is known whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bought: Option<Box<Stored>>,
}

impl TokenFolder {
    /// Opens the folder, and makes it (0700) when it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others may enter it.
    pub fn open(path: &Path) -> Result<Self, TokenError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| failed("make the folder", path, source))?;
        let found = fs::metadata(path).map_err(|source| failed("look at", path, source))?;
        check_mode(path, &found, 0o700)?;
        Ok(Self { path: path.to_owned(), fuse: None })
    }

    /// The same folder in a process that is going to be killed.
    #[must_use]
    pub fn with_fuse(self, fuse: Failpoint) -> Self {
        Self { fuse: Some(fuse), ..self }
    }

    /// The account's tokens. Needs no lock: a file is only ever replaced as a whole.
    ///
    /// # Errors
    /// When there are none, when others may read them, or when they cannot be read.
    pub fn load(&self, account: &str) -> Result<TokenSet, TokenError> {
        let path = self.file(account, "json")?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(TokenError::Missing(account.to_owned()));
            }
            Err(source) => return Err(failed("open", &path, source)),
        };
        let found = file.metadata().map_err(|source| failed("look at", &path, source))?;
        check_mode(&path, &found, 0o600)?;
        let mut text = Vec::new();
        let read = (&file).take(FILE_BYTES_MAX).read_to_end(&mut text);
        read.map_err(|source| failed("read", &path, source))?;
        typed(&text, account).map_err(|why| TokenError::Unreadable {
            path: shown(&path),
            account: account.to_owned(),
            why,
        })
    }

    /// How the account's file looks, without reading it: another look, another file.
    pub(crate) fn look(&self, account: &str) -> Option<TokenFileStamp> {
        let found = fs::metadata(self.file(account, "json").ok()?).ok()?;
        let permissions = found.permissions().mode();
        Some(TokenFileStamp {
            inode: found.ino(),
            modified: (found.mtime(), found.mtime_nsec()),
            bytes: found.len(),
            permissions,
        })
    }

    /// Takes the account's lock; waits for whoever holds it, which is at most as long as a refresh takes.
    ///
    /// # Errors
    /// When the name is none, or the lock file cannot be used.
    pub fn lock(&self, account: &str) -> Result<AccountLock, TokenError> {
        let path = self.file(account, "lock")?;
        // Never removed: a lock on a file that another has just replaced would lock nothing.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|source| failed("open", &path, source))?;
        file.lock().map_err(|source| failed("lock", &path, source))?;
        Ok(AccountLock { account: account.to_owned(), path, file, fuse: self.fuse.clone() })
    }

    /// Replaces the tokens of the lock's account. On return they are on the disk.
    ///
    /// # Errors
    /// When the disk refuses; the old tokens are then still there.
    pub fn save(&self, lock: &AccountLock, set: &TokenSet) -> Result<(), TokenError> {
        let path = self.file(&lock.account, "json")?;
        let beside = self.file(&lock.account, "tmp")?;
        let mut text =
            serde_json::to_vec_pretty(&Stored::of(set)).map_err(|error| failed("write", &path, error.into()))?;
        text.push(b'\n');
        // One left by a crash is made anew, so that its permissions are ours from the first byte.
        self.step(&beside)?;
        remove_if_there(&beside)?;
        self.step(&beside)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let mut file = file.map_err(|source| failed("make", &beside, source))?;
        // In two halves, since a write can be cut short; the file counts only once it has its name.
        let (half, rest) = text.split_at(text.len() / 2);
        let written = file.write_all(half).and_then(|()| step(self.fuse.as_ref())).and_then(|()| file.write_all(rest));
        let synced = written.and_then(|()| step(self.fuse.as_ref())).and_then(|()| file.sync_all());
        synced.map_err(|source| failed("write", &beside, source))?;
        self.step(&path)?;
        fs::rename(&beside, &path).map_err(|source| failed("replace", &path, source))?;
        self.step(&path)?;
        self.sync()
    }

    /// Forgets the tokens of the lock's account. Nothing happens when there are none.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, lock: &AccountLock) -> Result<(), TokenError> {
        remove_if_there(&self.file(&lock.account, "tmp")?)?;
        remove_if_there(&self.file(&lock.account, "json")?)?;
        self.sync()
    }

    /// The accounts that have tokens, in alphabetical order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<String>, TokenError> {
        let mut accounts = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|source| failed("read", &self.path, source))? {
            let name = entry.map_err(|source| failed("read", &self.path, source))?.file_name();
            let account = name.to_str().and_then(|name| name.strip_suffix(".json"));
            accounts.extend(account.filter(|account| is_account(account)).map(str::to_owned));
        }
        accounts.sort();
        Ok(accounts)
    }

    fn file(&self, account: &str, ending: &str) -> Result<PathBuf, TokenError> {
        if !is_account(account) {
            return Err(TokenError::Account(account.chars().take(ACCOUNT_BYTES_MAX).collect()));
        }
        Ok(self.path.join(format!("{account}.{ending}")))
    }

    fn step(&self, path: &Path) -> Result<(), TokenError> {
        step(self.fuse.as_ref()).map_err(|source| failed("write", path, source))
    }

    /// Makes a rename or a removal outlive a power cut.
    fn sync(&self) -> Result<(), TokenError> {
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(|source| failed("sync", &self.path, source))
    }
}

impl AccountLock {
    /// When the account was refreshed lately, oldest first. A line that cannot be read is passed over: the file only guards a
    /// limit that Kakao guards too.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn refreshes(&mut self) -> Result<Vec<Timestamp>, TokenError> {
        let mut text = String::new();
        let read = self.file.rewind().and_then(|()| (&self.file).take(FILE_BYTES_MAX).read_to_string(&mut text));
        match read {
            Ok(_) => Ok(text.lines().filter_map(|line| line.parse().ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Vec::new()),
            Err(source) => Err(failed("read", &self.path, source)),
        }
    }

    /// Remembers the latest of `refreshes`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn remember(&mut self, refreshes: &[Timestamp]) -> Result<(), TokenError> {
        let latest = &refreshes[refreshes.len().saturating_sub(REFRESHES_MAX)..];
        let text: String = latest.iter().map(|at| format!("{at}\n")).collect();
        let file = &mut self.file;
        let fuse = self.fuse.as_ref();
        let emptied = step(fuse).and_then(|()| file.rewind()).and_then(|()| file.set_len(0));
        let written = emptied.and_then(|()| step(fuse)).and_then(|()| file.write_all(text.as_bytes()));
        written
            .and_then(|()| step(fuse))
            .and_then(|()| file.sync_data())
            .map_err(|source| failed("write", &self.path, source))
    }
}

/// Whether `name` is safe as a file's name: 1 to 64 of `a-z`, `0-9`, `_` and `-`.
fn is_account(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    (1..=ACCOUNT_BYTES_MAX).contains(&name.len()) && name.bytes().all(fits)
}

fn typed(text: &[u8], account: &str) -> Result<TokenSet, String> {
    // Not the parser's own words: they quote what they stumble over.
    let stored: Stored = serde_json::from_slice(text)
        .map_err(|error| format!("trouble at line {} column {}", error.line(), error.column()))?;
    stored.typed(account)
}

impl Stored {
    fn of(set: &TokenSet) -> Self {
        Self {
            version: 1,
            access_token: set.access_token.expose().to_owned(),
            access_expires_at: set.access_expires_at,
            refresh_token: set.refresh_token.as_ref().map(|token| token.expose().to_owned()),
            refresh_expires_at: set.refresh_expires_at,
            scopes: set.scopes.clone(),
            user_id: set.owner.as_ref().map(|owner| owner.user_id),
            nickname: set.owner.as_ref().and_then(|owner| owner.nickname.clone()),
            obtained_at: set.obtained_at,
            bought: set.bought.as_deref().map(|bought| Box::new(Self::of(bought))),
        }
    }

    fn typed(self, account: &str) -> Result<TokenSet, String> {
        if self.version != 1 {
            return Err(format!("version {} is not known", self.version));
        }
        let refresh_token = self.refresh_token.map(|token| RefreshToken::new(&token)).transpose();
        let bought = self.bought.map(|bought| bought.typed(account)).transpose()?;
        Ok(TokenSet {
            access_token: AccessToken::new(&self.access_token).map_err(|error| error.to_string())?.of(account),
            access_expires_at: self.access_expires_at,
            refresh_token: refresh_token.map_err(|error| error.to_string())?,
            refresh_expires_at: self.refresh_expires_at,
            scopes: self.scopes,
            owner: self.user_id.map(|user_id| TokenOwner { user_id, nickname: self.nickname }),
            obtained_at: self.obtained_at,
            bought: bought.map(Box::new),
        })
    }
}

fn check_mode(path: &Path, found: &fs::Metadata, wanted: u32) -> Result<(), TokenError> {
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(TokenError::TooOpen { path: shown(path), mode, wanted }) }
}

fn remove_if_there(path: &Path) -> Result<(), TokenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, error)),
        _ => Ok(()),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> TokenError {
    TokenError::Io { what, path: shown(path), source }
}

#[cfg(test)]
mod tests;
