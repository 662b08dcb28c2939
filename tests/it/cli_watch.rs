//! `storyd admin queue --watch` on a terminal: it shows the queue again and again in place, and ends when a person presses Ctrl-C.
//! The terminal is a real one, a pseudo-terminal; `setsid` of the system makes it that of the program, so that Ctrl-C reaches it.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::process::{Folder, until};

/// Where each picture begins: the cursor goes home, and what was there is cleared.
const ANEW: &str = "\x1b[H\x1b[2J";

/// A program on a terminal of its own. Dropping it kills it.
struct OnTerminal {
    child: Child,
    keys: File,
    seen: Arc<Mutex<String>>,
}

impl OnTerminal {
    fn start(folder: &Folder, line: &str, columns: u16, environment: &[(&str, &str)]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let plain = folder.storyd(line);
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(plain.get_program()).args(plain.get_args());
        command.current_dir(folder.path("")).env_clear();
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
        command.envs(environment.iter().copied());
        command
            .stdin(terminal.try_clone().unwrap())
            .stdout(terminal.try_clone().unwrap())
            .stderr(Stdio::from(terminal));
        let child = command.spawn().unwrap();
        // The command holds the terminal open until it goes; without it the reader sees the end.
        drop(command);
        let keys = File::from(master);
        let (mut screen, seen) = (keys.try_clone().unwrap(), Arc::new(Mutex::new(String::new())));
        let into = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut bytes = Vec::new();
            // A terminal that nobody holds any more is an error on Linux, not an end.
            while let Ok(read @ 1..) = screen.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..read]);
                *into.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
            }
        });
        Self { child, keys, seen }
    }

    /// What was drawn so far, one text for each time it was drawn anew.
    fn pictures(&self) -> Vec<String> {
        self.seen.lock().unwrap().split(ANEW).skip(1).map(str::to_owned).collect()
    }

    #[track_caller]
    fn shows(&self, what: &str, holds: impl Fn(&str) -> bool) -> usize {
        until(
            || format!("{what}: {:?}", self.seen.lock().unwrap()),
            || self.pictures().iter().position(|picture| holds(picture)),
        )
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_watched_queue_refreshes_in_place_and_ends_on_ctrl_c() {
    let folder = Folder::new();
    folder.jobs("later:\n  at: 2098-12-01 09:00\n  type: note\n  content: 새 메뉴판 ☕");
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for later");
    let mut terminal = OnTerminal::start(&folder, "admin queue --watch --sandbox", 80, &[]);
    let first =
        terminal.shows("the queue", |picture| picture.contains("Ctrl-C ends") && picture.contains("새 메뉴판 ☕"));
    assert_eq!(first, 0, "the first picture is whole");
    folder.ok("admin post 곁에서 --at 2098-12-02T09:00 --name beside --sandbox");
    let later =
        terminal.shows("what came to it", |picture| picture.contains("곁에서") && picture.contains("posts shown"));
    assert!(later > first, "another picture, in the same place");
    let picture = terminal.pictures()[later].clone();
    assert!(picture.contains("새 메뉴판 ☕") && picture.contains("2 posts shown"), "{picture}");
    for line in picture.replace('\r', "").lines() {
        let width: usize = line.chars().map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 }).sum();
        assert!(width <= 80 || line.starts_with("2 posts shown"), "{width} columns: {line:?}");
    }
    // What a person's terminal makes of the key is a signal to the program.
    terminal.keys.write_all(b"\x03").unwrap();
    let status = until(|| "its end".into(), || terminal.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0), "{:?}", terminal.seen.lock().unwrap());
    drop(daemon);
}

#[test]
fn whoever_wants_no_colours_still_sees_it_refresh_in_place() {
    let folder = Folder::new();
    folder.jobs("later:\n  at: 2098-12-01 09:00\n  type: note\n  content: 새 메뉴판 ☕");
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for later");
    let line = "admin queue --watch --sandbox";
    let terminal = OnTerminal::start(&folder, line, 80, &[("NO_COLOR", "1")]);
    terminal.shows("the queue", |picture| picture.contains("새 메뉴판 ☕"));
    until(|| "a second picture".into(), || (terminal.pictures().len() > 1).then_some(()));
    let picture = terminal.pictures()[0].replace("\x1b[3J", "");
    assert!(!picture.contains('\x1b'), "no colour: {picture:?}");
    drop(daemon);
}
