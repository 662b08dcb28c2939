//! Picture files that are not what they seem: what `check` says of each, and that what is well is left alone.

use std::path::Path;

use storyd::plan;
use storyd::yaml::problem::{Paint, Problem, Severity, render};

use crate::plan_codes::{jpeg_of, place_block, png_of};
use crate::plan_load::{PNG, folder, now};
use crate::plan_problems::problems;

/// A folder with a job that posts this picture.
fn of_picture(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let job = format!(
        "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  a:\n    at: 2030-12-24 09:00\n    type: photo\n    images: [\"{name}\"]\n"
    );
    let dir = folder(&[("jobs.yaml", &job)]);
    std::fs::write(dir.path().join(name), bytes).expect("written");
    dir
}

fn found(dir: &Path) -> Vec<Problem> {
    problems(&[dir.join("jobs.yaml")])
}

fn told(dir: &Path) -> String {
    render(&found(dir), Paint::Plain).replace(&format!("{}/", dir.display()), "")
}

#[test]
fn a_picture_that_ends_in_the_middle_does_not_load() {
    let whole = jpeg_of(3, b"");
    for (name, bytes) in [("half.jpg", &whole[..whole.len() - 4]), ("half.png", &PNG[..60])] {
        let told = told(of_picture(name, bytes).path());
        assert!(told.starts_with(&format!("error[E052]: {name} is damaged: the picture ends in the middle")), "{told}");
        assert!(told.contains("copy the picture here again"), "{told}");
    }
}

#[test]
fn a_pointer_of_git_lfs_is_told_to_be_one() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    insta::assert_snapshot!(told(of_picture("latte.jpg", pointer.as_bytes()).path()));
}

#[test]
fn print_colours_and_places_are_told_and_stop_nothing() {
    let print = of_picture("print.jpg", &jpeg_of(4, b""));
    let place = of_picture("in front of the shop.jpg", &jpeg_of(3, &place_block()));
    insta::assert_snapshot!(format!("{}\n{}", told(print.path()), told(place.path())));
    for dir in [print, place] {
        assert!(plan::load(&[dir.path().to_owned()], now()).is_ok());
        assert!(found(dir.path()).iter().all(|problem| problem.severity() != Severity::Error));
    }
    assert_eq!(told(of_picture("latte.jpg", &jpeg_of(3, b"")).path()), "");
    assert_eq!(told(of_picture("latte.png", &png_of(800, 600, b"")).path()), "");
}

#[test]
fn what_lies_in_place_of_a_file_is_named() {
    let dir = of_picture("latte.jpg", b"");
    let file = dir.path().join("latte.jpg");
    let say = |says: &str| {
        let told = told(dir.path());
        assert!(told.contains(says), "{says}: {told}");
    };
    say("latte.jpg is empty");
    std::fs::remove_file(&file).expect("removed");
    say("there is no such file");
    std::fs::write(dir.path().join("latte.jpg.part"), "half").expect("written");
    say("`latte.jpg.part` lies there, a download or a copy that did not end");
    std::fs::write(dir.path().join(".latte.jpg.icloud"), "bplist00").expect("written");
    say("only its placeholder (`.latte.jpg.icloud`) is here");
    std::os::unix::fs::symlink("../elsewhere/latte.jpg", &file).expect("linked");
    say("it is a symbolic link to ../elsewhere/latte.jpg, where there is no file");
    std::fs::remove_file(&file).expect("removed");
    std::os::unix::fs::symlink(".git/annex/objects/ab/latte.jpg", &file).expect("linked");
    say("git annex get");
    std::fs::remove_file(&file).expect("removed");
    std::os::unix::fs::symlink("latte.jpg", &file).expect("linked");
    say("too many levels of symbolic links");
    std::fs::remove_file(&file).expect("removed");
    std::fs::create_dir(&file).expect("created");
    say("it is a folder");
    std::fs::remove_dir(&file).expect("removed");
    drop(std::os::unix::net::UnixListener::bind(&file).expect("bound"));
    say("it is a socket, not a file");
    std::fs::remove_file(&file).expect("removed");
    // A film of many megabytes would not fit if it were saved smaller.
    let mut film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    film.resize(10_000_000, 0);
    std::fs::write(&file, film).expect("written");
    say("is a film (MP4)");
    std::fs::write(&file, vec![0; 10_000_000]).expect("written");
    say("10000000 bytes; Kakao takes less");
}
