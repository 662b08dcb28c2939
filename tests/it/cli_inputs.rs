//! Files that are none: pipes that nobody writes, devices without an end, folders, files without measure. Each is told; none is waited for.

use std::process::Command;

use crate::support::process::Folder;

/// Makes a pipe that nobody writes into.
fn pipe(folder: &Folder, name: &str) {
    assert!(Command::new("mkfifo").arg(folder.path(name)).status().unwrap().success());
}

/// Makes a file of so many bytes that takes no room.
fn sparse(folder: &Folder, name: &str, bytes: u64) {
    std::fs::File::create(folder.path(name)).unwrap().set_len(bytes).unwrap();
}

fn link(folder: &Folder, to: &str, name: &str) {
    std::os::unix::fs::symlink(to, folder.path(name)).unwrap();
}

fn odd_files(folder: &Folder, ending: &str) -> Vec<String> {
    let name = |what: &str| format!("{what}.{ending}");
    pipe(folder, &name("pipe"));
    link(folder, "/dev/zero", &name("zero"));
    link(folder, "/dev/tty", &name("tty"));
    link(folder, &name("circle"), &name("circle"));
    std::fs::create_dir(folder.path(&name("folder"))).unwrap();
    sparse(folder, &name("large"), 1 << 30);
    ["pipe", "zero", "tty", "circle", "folder", "large", "missing"].map(name).to_vec()
}

/// Takes them away again: the folder's own judge reads whatever lies there.
fn clear(folder: &Folder, ending: &str) {
    for what in ["pipe", "zero", "tty", "circle", "large"] {
        std::fs::remove_file(folder.path(&format!("{what}.{ending}"))).unwrap();
    }
}

#[test]
fn what_is_no_file_of_ours_is_told_and_not_waited_for() {
    let folder = Folder::new();
    for name in odd_files(&folder, "yaml") {
        let done = folder.run(&format!("check {name}"));
        assert_eq!(done.code, Some(3), "{name}: {done:?}");
        assert!(done.stdout.contains(&name), "{name}: {done:?}");
        let done = folder.run(&format!("--settings {name} check pipe.yaml"));
        assert_eq!(done.code, Some(3), "{name}: {done:?}");
    }
    for name in odd_files(&folder, "png") {
        folder.jobs(&format!("p:\n  at: 2099-12-01 09:00\n  type: photo\n  images: [{name}]\n"));
        let done = folder.run("check jobs.yaml");
        assert_eq!(done.code, Some(3), "{name}: {done:?}");
        assert!(done.stdout.contains(&name), "{name}: {done:?}");
    }
    clear(&folder, "yaml");
    clear(&folder, "png");
}

#[test]
fn what_is_no_secret_is_told_and_not_waited_for() {
    let folder = Folder::new();
    for name in odd_files(&folder, "key") {
        folder.write(
            "storyd.yaml",
            format!("data_dir: data\napi_url: http://127.0.0.1:9\nlogin_url: http://127.0.0.1:9\naccounts: {{cafe: {{rest_api_key: {{file: {name}}}}}}}\n"),
        );
        folder.jobs("p:\n  at: 2099-12-01 09:00\n  type: note\n  content: x\n");
        let done = folder.run("run jobs.yaml");
        assert_eq!(done.code, Some(3), "{name}: {done:?}");
        assert!(done.stderr.contains(&name), "{name}: {done:?}");
    }
    folder.write("storyd.yaml", "data_dir: data\naccounts: {cafe: {rest_api_key: k}}\n");
    for name in ["zero.key", "folder.key", "large.key", "missing.key"] {
        let done = folder.run(&format!("account add-token cafe --access-token-file {name}"));
        assert!(matches!(done.code, Some(1 | 2)), "{name}: {done:?}");
        assert!(done.stderr.contains(name), "{name}: {done:?}");
    }
    clear(&folder, "key");
}
