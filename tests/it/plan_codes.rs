//! Each code of a problem has a page, and the page keeps its word: its wrong example gives the code, the right one nothing.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use storyd::domain::clock::Clock;
use storyd::settings::Settings;
use storyd::yaml::problem::{Code, Problem, Severity};

use crate::days;
use crate::plan_load::{PNG, at, folder, now};
use crate::plan_problems::{problems, problems_at};
use crate::support::process::Folder;
use crate::support::world::check_sum;

/// Codes that no text of a job file can show: tests that have the network, a folder or an encoding at hand show them.
const OF_THE_SURROUNDINGS: [&str; 17] = [
    "E001", "E003", "E004", "E005", "W003", "E026", "E028", "E038", "E080", "E081", "N080", "W001", "W002", "W080",
    "W081", "W082", "E050",
];

/// A whole PNG of this size, with other parts in front of its pixels.
pub(crate) fn png_of(width: u32, height: u32, extra: &[u8]) -> Vec<u8> {
    let mut bytes = PNG[..8].to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), b"\x08\x02\0\0\0"].concat();
    let part = |kind: &[u8], data: &[u8]| {
        let length = u32::try_from(data.len()).expect("short").to_be_bytes();
        [&length[..], kind, data, &check_sum(&[kind, data].concat()).to_be_bytes()].concat()
    };
    bytes.extend([part(b"IHDR", &header), extra.to_vec(), part(b"IDAT", b"\x78\x9c"), part(b"IEND", b"")].concat());
    bytes
}

/// A whole JPEG of 8 by 8 pixels in so many colours, with a block of the camera's.
pub(crate) fn jpeg_of(colours: u8, exif: &[u8]) -> Vec<u8> {
    let length = u8::try_from(exif.len() + 8).expect("short");
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, 0, length];
    bytes.extend([b"Exif\0\0", exif].concat());
    bytes.extend([0xff, 0xc0, 0, 8 + 3 * colours, 8, 0, 8, 0, 8, colours]);
    (1..=colours).for_each(|colour| bytes.extend([colour, 0x11, 0]));
    bytes.extend([0xff, 0xda, 0, 6 + 2 * colours, colours]);
    (1..=colours).for_each(|colour| bytes.extend([colour, 0]));
    bytes.extend([0, 63, 0, 0x12, 0x34, 0x56, 0xff, 0xd9]);
    bytes
}

/// A JPEG whose camera was held this way.
fn turned_jpeg(how: u8) -> Vec<u8> {
    jpeg_of(3, &[&b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[how, 0, 0, 0, 0, 0, 0, 0]].concat())
}

/// What a phone writes that knows where it is.
pub(crate) fn place_block() -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x88\x25\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0".to_vec();
    block.extend(b"\0\x02\0\x02\0\x05\0\0\0\x01\0\0\0\x38\0\x04\0\x05\0\0\0\x01\0\0\0\x40\0\0\0\0");
    block.extend(b"\0\0\0\x25\0\0\0\x01\0\0\0\x7f\0\0\0\x01");
    block
}

/// A folder with the pictures that the pages speak of.
fn pictures() -> tempfile::TempDir {
    let dir = folder(&[]);
    let images = dir.path().join("images");
    std::fs::create_dir(&images).expect("created");
    let write = |name: &str, bytes: &[u8]| std::fs::write(images.join(name), bytes).expect("written");
    write("latte.jpg", &turned_jpeg(1));
    write("turned.jpg", &turned_jpeg(6));
    write("large.png", &png_of(6_000, 4_000, b""));
    write("moving.png", &png_of(30, 20, b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\0\0\0\0"));
    write("print.jpg", &jpeg_of(4, b""));
    write("place.jpg", &jpeg_of(3, &place_block()));
    write("huge.png", &vec![0; 10_000_000]);
    write("webp.jpg", b"RIFF\0\0\0\0WEBPVP8 ");
    write("clip.gif", b"GIF89a\x01\0\x01\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0\x3b");
    dir
}

/// The fenced part behind a word.
fn example<'a>(page: &'a str, word: &str) -> (&'a str, &'a str) {
    let (_, rest) = page.split_once(&format!("\n{word}")).unwrap_or_else(|| panic!("no {word} in {page}"));
    let (before, rest) = rest.split_once("```").expect("a fence");
    let (kind, rest) = rest.split_once('\n').expect("a kind");
    let (text, _) = rest.split_once("```").expect("an end");
    (if before.contains("storyd.yaml") { "settings" } else { kind }, text)
}

fn told(dir: &Path, kind: &str, text: &str, now: Timestamp) -> Vec<Problem> {
    if kind == "settings" {
        return Settings::parse(text, Path::new("storyd.yaml"))
            .map_or_else(|problems| problems.list().to_vec(), |_| Vec::new());
    }
    assert_eq!(kind, "yaml");
    let file = dir.join("jobs.yaml");
    std::fs::write(&file, text).expect("written");
    problems_at(now, &[file])
}

#[test]
fn each_page_shows_what_gives_its_code_and_what_does_not() {
    let dir = pictures();
    for code in Code::ALL {
        let page = code.explanation();
        assert!(page.starts_with(&format!("# {code}: {}\n", code.meaning())), "{page}");
        let (kind, wrong) = example(page, "Wrong");
        let (_, right) = example(page, "Right");
        if kind == "console" {
            assert!(OF_THE_SURROUNDINGS.contains(&code.as_str()), "{code} shows no file");
            continue;
        }
        let found = told(dir.path(), kind, wrong, now());
        let serious = |problem: &&Problem| problem.severity() == Severity::Error || code.severity() != Severity::Error;
        let codes: BTreeSet<&str> = found.iter().filter(serious).map(|problem| problem.code.as_str()).collect();
        if !["E026", "E028"].contains(&code.as_str()) {
            assert_eq!(codes, [code.as_str()].into(), "{code}: {found:?}");
        }
        let dates = days::DATES.iter().map(|(_, date)| at(date));
        for date in [now(), Clock::system().now()].into_iter().chain(dates) {
            assert_eq!(told(dir.path(), kind, right, date), [], "the right example of {code} on {date}");
        }
    }
}

#[test]
fn the_codes_of_the_surroundings_come_too() {
    let dir = pictures();
    let codes = |name: &str, bytes: &[u8]| -> Vec<&'static str> {
        std::fs::write(dir.path().join(name), bytes).expect("written");
        problems(&[dir.path().join(name)]).iter().map(|problem| problem.code.as_str()).collect()
    };
    assert_eq!(codes("euc-kr.yaml", b"version: 1\nzone: \xb0\xa1\n"), ["E003"]);
    assert_eq!(problems(&[dir.path().join("missing.yaml")])[0].code.as_str(), "E001");
    assert_eq!(problems(&[dir.path().join("images")])[0].code.as_str(), "W001");
    let (_, both) = example(Code::DuplicateJob.explanation(), "Wrong");
    let two = folder(&[("a.yaml", both), ("b.yaml", both)]);
    assert_eq!(problems(&[two.path().to_owned()])[0].code.as_str(), "E026");
}

#[test]
fn explain_tells_one_code_lists_all_and_says_what_is_nearest() {
    let folder = Folder::new();
    let all = folder.run("explain");
    assert_eq!((all.code, all.stdout.lines().count()), (Some(0), Code::ALL.len()));
    let one = folder.run("explain e021");
    assert_eq!(one.code, Some(0));
    insta::assert_snapshot!("explain", one.stdout);
    let none = folder.run("explain E999");
    assert_eq!(none.code, Some(4));
    assert!(none.stderr.contains("`storyd explain` lists all"), "{}", none.stderr);
    assert!(folder.json("explain E021")["explanation"].as_str().is_some_and(|page| page.starts_with("# E021")));
}
