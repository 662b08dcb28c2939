//! A machine in a test's hand, for the real program: a disk that fills and has room again, a wall clock that is set, a job file that takes
//! its time to be opened, a power cut at a chosen sync. A layer over the system calls of the process (`machine.c`) does it, so that it needs no rights and no mounts.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::process::{Folder, Process};

/// The machine that a process of a folder runs on.
pub(crate) struct Machine<'a> {
    folder: &'a Folder,
}

/// What lays the layer over a process, before what lies over this one.
pub(crate) fn preload() -> OsString {
    let mut list = layer().as_os_str().to_owned();
    let others = std::env::var_os("LD_PRELOAD").unwrap_or_default();
    // Another build of the layer would add to the clock a second time.
    for other in std::env::split_paths(&others).filter(|other| other.file_name() != layer().file_name()) {
        list.push(":");
        list.push(other);
    }
    list
}

/// The layer, compiled once for each run of the tests.
fn layer() -> &'static Path {
    static LAYER: OnceLock<PathBuf> = OnceLock::new();
    LAYER.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let built = home.join(format!("machine-{}.so", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/machine.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
        let words = ["-O1", "-shared", "-fPIC", "-o"];
        let made = Command::new(compiler).args(words).arg(&built).arg(source).arg("-ldl").status();
        assert!(made.is_ok_and(|status| status.success()), "the C compiler that built SQLite builds machine.c too");
        // Under one name, however many runs there are at once.
        let layer = home.join("machine.so");
        std::fs::rename(built, &layer).unwrap();
        layer
    })
}

impl<'a> Machine<'a> {
    /// One that does its part so far.
    pub(crate) fn of(folder: &'a Folder) -> Self {
        let machine = Self { folder };
        machine.set("room", -1);
        machine.set("ahead", 0);
        machine.set("hold", 0);
        machine
    }

    /// Starts the program on it.
    pub(crate) fn start(&self, line: &str) -> Process {
        self.begin(line, "0")
    }

    /// Starts the program on it, which loses its power before the `sync`-th sync, counted from 1.
    pub(crate) fn start_until_sync(&self, line: &str, sync: u32) -> Process {
        self.begin(line, &sync.to_string())
    }

    fn begin(&self, line: &str, kill_at: &str) -> Process {
        let data = std::fs::canonicalize(self.folder.path("data")).unwrap();
        self.folder.start_with(line, |command| {
            command
                .env("LD_PRELOAD", preload())
                .env("STORYD_TEST_ROOM", data)
                .env("STORYD_TEST_ROOM_FILE", self.file("room"))
                .env("STORYD_TEST_CLOCK_FILE", self.file("ahead"))
                .env("STORYD_TEST_HOLD_FILE", self.file("hold"))
                .env("STORYD_TEST_HOLD_NAME", "jobs.yaml")
                .env("STORYD_TEST_HOLD_MARK", self.file("held-up"))
                .env("STORYD_TEST_KILL_AT", kill_at);
        })
    }

    /// From now on the disk of the queue is as full as it is.
    pub(crate) fn fills_its_disk(&self) {
        self.leaves_room_for(0);
    }

    /// From now on the disk of the queue takes so many bytes more than it holds now.
    pub(crate) fn leaves_room_for(&self, bytes: u64) {
        let files = std::fs::read_dir(self.folder.path("data")).unwrap();
        let taken: u64 =
            files.filter_map(|file| file.unwrap().metadata().ok()).filter(|it| it.is_file()).map(|it| it.len()).sum();
        self.set("room", i64::try_from(taken + bytes).unwrap());
    }

    /// From now on the disk has room.
    pub(crate) fn has_room(&self) {
        self.set("room", -1);
    }

    /// From now on whoever opens `jobs.yaml` is held up, until it is let go.
    pub(crate) fn holds_up_its_job_file(&self) {
        self.set("hold", 1);
    }

    /// Whether somebody is held up.
    pub(crate) fn has_held_up(&self) -> bool {
        self.file("held-up").exists()
    }

    /// Lets go whoever is held up.
    pub(crate) fn lets_go(&self) {
        self.set("hold", 0);
    }

    /// Sets the wall clock of its processes so many seconds ahead of the real one; behind it when less than zero.
    pub(crate) fn is_ahead(&self, seconds: i64) {
        self.set("ahead", seconds);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path(&format!("machine-{name}"))
    }

    /// In place: running processes see the file's own page.
    fn set(&self, name: &str, value: i64) {
        let mut file =
            std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.file(name)).unwrap();
        file.write_all(&value.to_ne_bytes()).unwrap();
    }
}
