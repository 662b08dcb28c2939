//! What about the surroundings may do harm later, told when the daemon starts: a folder that others can read, a file system that does
//! not keep what it promises, a limit on the size of files, an address that is spoken to in the open.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use url::Url;

use super::context::CommandContext;
use super::failure::Failure;
use super::terminal::output::note;

/// Kinds of file systems that lie on another machine: their locks and their syncs are somebody else's, and their writes fail with the
/// network.
const ELSEWHERE: [&str; 22] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph-fuse",
    "fuse.cifs",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb2",
    "smb3",
    "smbfs",
];

/// Files that the daemon has open at once when little goes on: the queue's, the watched ones, connections.
const FILES_MIN: usize = 32;

/// Whether the process may open as many files as a daemon needs at the least. Without them each thing that lacks one blames something
/// else: a job file, a certificate, the queue.
pub(super) fn has_room_for_files() -> Result<(), Failure> {
    let opened: std::io::Result<Vec<std::fs::File>> =
        (0..FILES_MIN).map(|_| std::fs::File::open("/dev/null")).collect();
    opened.map(drop).map_err(|error| {
        Failure::unexpected(format!(
            "the process has too few file handles to work ({error}): raise its limit (`LimitNOFILE=` under systemd, `ulimit -n` in a \
             shell) or end what uses them up, then start it again"
        ))
    })
}

/// Tells all of it.
pub(super) fn tell(home: &CommandContext) {
    let caveats = [is_open(&home.data_dir), lies_elsewhere(&home.data_dir), bounded_files(), in_the_open(home)];
    for caveat in caveats.into_iter().flatten() {
        note!("storyd: {caveat}");
    }
}

/// Tells of the address alone: for a command that sends a token there.
pub(super) fn tell_of_address(home: &CommandContext) {
    if let Some(caveat) = in_the_open(home) {
        note!("storyd: {caveat}");
    }
}

/// The queue holds what will be posted and the folder of the tokens: neither is for other users of the machine.
fn is_open(data_dir: &Path) -> Option<String> {
    let mode = std::fs::metadata(data_dir).ok()?.permissions().mode() & 0o777;
    (mode & 0o027 != 0).then(|| {
        let folder = data_dir.display();
        let may = if mode & 0o022 != 0 { "change" } else { "read" };
        format!("others can {may} what lies in {folder} (mode {mode:03o}); `chmod -R go= {folder}` keeps it to the user that runs storyd")
    })
}

fn lies_elsewhere(data_dir: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind_of(&mounts, &data_dir.canonicalize().ok()?)?;
    ELSEWHERE.contains(&kind.as_str()).then(|| {
        format!(
            "{} lies on a network file system ({kind}), on which neither the locks nor the syncs of SQLite can be relied on: a post \
             could be lost or sent twice after a failure; set data_dir to a disk of this machine",
            data_dir.display()
        )
    })
}

/// The kind of the file system that a path lies on, by the table of mounts that Linux shows.
fn kind_of(mounts: &str, path: &Path) -> Option<String> {
    let mut found: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(at), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else { continue };
        let at = unescaped(at);
        // Of two on the same folder the later one is seen.
        let depth = at.components().count();
        if path.starts_with(&at) && found.as_ref().is_none_or(|(deepest, _)| depth >= *deepest) {
            found = Some((depth, kind.to_owned()));
        }
    }
    found.map(|(_, kind)| kind)
}

/// A path of that table, in which blanks and the like stand as three digits.
fn unescaped(text: &str) -> PathBuf {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, others)) = rest.split_first() {
        let digits = others.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &others[3..];
            }
            None => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

fn bounded_files() -> Option<String> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current?;
    Some(format!(
        "files may grow to {limit} bytes only (`ulimit -f`, or `LimitFSIZE=` under systemd), and a queue that reaches that stops the \
         work; take the limit away"
    ))
}

fn in_the_open(home: &CommandContext) -> Option<String> {
    let settings = &home.settings;
    let open =
        [("api_url", &settings.api_url), ("login_url", &settings.login_url)].into_iter().find(|(_, url)| is_plain(url));
    open.filter(|_| !home.in_sandbox()).map(|(key, url)| {
        format!(
            "`{key}` is {url}: tokens and posts can be read on the way there; use https, or a server on this machine"
        )
    })
}

/// Whether an address is spoken to without encryption over a network.
fn is_plain(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme() == "http" && !here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_a_path_is_that_of_its_nearest_mount() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 0:25 / /proc rw - proc proc rw\n\
                      40 22 0:40 / /srv rw shared:9 master:2 - nfs4 nas:/export rw,vers=4.2\n\
                      41 40 8:2 / /srv/local rw - xfs /dev/sdb rw\n\
                      42 22 0:50 / /mnt/two\\040words rw - fuse.sshfs host:/ rw\n\
                      43 22 8:3 / /data rw - btrfs /dev/sdc rw\n\
                      44 43 0:51 / /data rw - cifs //nas/share rw\n";
        for (path, kind, elsewhere) in [
            ("/var/lib/storyd", "ext4", false),
            ("/", "ext4", false),
            ("/srv", "nfs4", true),
            ("/srv/storyd/data", "nfs4", true),
            ("/srv/local", "xfs", false),
            ("/srv/local/storyd", "xfs", false),
            ("/srv/locality", "nfs4", true),
            ("/srvx", "ext4", false),
            ("/mnt/two words/data", "fuse.sshfs", true),
            ("/mnt/two", "ext4", false),
            ("/data/storyd", "cifs", true),
        ] {
            assert_eq!(kind_of(mounts, Path::new(path)).as_deref(), Some(kind), "{path}");
            assert_eq!(ELSEWHERE.contains(&kind), elsewhere, "{kind}");
        }
        assert_eq!(kind_of("", Path::new("/var")), None);
        assert_eq!(kind_of("nonsense\n1 2 3 - x y\n", Path::new("/var")), None);
    }

    #[test]
    fn an_address_is_plain_when_others_on_the_way_can_read() {
        for plain in
            ["http://kapi.kakao.com", "http://10.0.0.7:8080", "http://proxy.internal/kakao", "http://[2001:db8::1]"]
        {
            assert!(is_plain(plain), "{plain}");
        }
        for fine in [
            "https://kapi.kakao.com",
            "http://127.0.0.1:8480",
            "http://127.8.8.8",
            "http://localhost:8480/",
            "http://[::1]:8480",
            "x",
        ] {
            assert!(!is_plain(fine), "{fine}");
        }
    }

    #[test]
    fn a_folder_is_open_when_others_can_enter_or_a_group_can_write() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, open) in [
            (0o700, false),
            (0o500, false),
            (0o750, false),
            (0o740, false),
            (0o710, false),
            (0o770, true),
            (0o755, true),
            (0o705, true),
            (0o701, true),
            (0o777, true),
            (0o704, true),
        ] {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open(folder.path()).is_some(), open, "{mode:o}");
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}
