//! The files of tokens on a real disk.

use std::time::Duration;

use super::*;
use crate::domain::clock::later;

fn at(text: &str) -> Timestamp {
    text.parse().expect("valid")
}

fn set(name: &str) -> TokenSet {
    TokenSet {
        access_token: AccessToken::new(&format!("access-{name}")).expect("a token"),
        access_expires_at: Some(at("2026-12-01T06:00:00Z")),
        refresh_token: Some(RefreshToken::new(&format!("refresh-{name}")).expect("a token")),
        refresh_expires_at: None,
        scopes: Some(vec!["story_publish".into()]),
        owner: Some(crate::network::kakao::token::TokenOwner { user_id: 7, nickname: Some("카페".into()) }),
        obtained_at: at("2026-12-01T00:00:00Z"),
        bought: None,
    }
}

fn folder() -> (tempfile::TempDir, TokenFolder) {
    let place = tempfile::tempdir().expect("a folder");
    let folder = TokenFolder::open(&place.path().join("tokens")).expect("opens");
    (place, folder)
}

fn put(folder: &TokenFolder, account: &str, set: &TokenSet) {
    let lock = folder.lock(account).expect("locks");
    folder.save(&lock, set).expect("saves");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[test]
fn what_is_saved_is_loaded() {
    let (_place, folder) = folder();
    put(&folder, "cafe", &set("1"));
    put(&folder, "cafe", &set("2"));
    let loaded = folder.load("cafe").expect("loads");
    assert_eq!(loaded.access_token.expose(), "access-2");
    assert_eq!(loaded.refresh_token.as_ref().map(RefreshToken::expose), Some("refresh-2"));
    assert_eq!(loaded.access_expires_at, set("2").access_expires_at);
    assert_eq!((loaded.refresh_expires_at, loaded.scopes), (None, set("2").scopes));
    assert_eq!(loaded.obtained_at, set("2").obtained_at);
}

#[test]
fn folder_and_files_are_the_owners_alone() {
    let (place, folder) = folder();
    put(&folder, "cafe", &set("1"));
    let tokens = place.path().join("tokens");
    assert_eq!(mode(&tokens), 0o700);
    for entry in fs::read_dir(&tokens).expect("reads") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_cure() {
    let (place, folder) = folder();
    put(&folder, "cafe", &set("1"));
    let path = place.path().join("tokens/cafe.json");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changes");
    let error = folder.load("cafe").expect_err("is too open").to_string();
    assert!(error.contains("mode 640") && error.contains(&format!("chmod 600 {}", path.display())), "{error}");
    let tokens = place.path().join("tokens");
    fs::set_permissions(&tokens, fs::Permissions::from_mode(0o755)).expect("changes");
    let error = TokenFolder::open(&tokens).expect_err("is too open").to_string();
    assert!(error.contains("chmod 700"), "{error}");
}

#[test]
fn what_a_crash_left_beside_the_file_is_no_obstacle() {
    let (place, folder) = folder();
    let left = place.path().join("tokens/cafe.tmp");
    fs::write(&left, "{\"half\":").expect("writes");
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).expect("changes");
    assert!(matches!(folder.load("cafe"), Err(TokenError::Missing(_))));
    put(&folder, "cafe", &set("1"));
    assert_eq!(mode(&place.path().join("tokens/cafe.json")), 0o600);
    assert!(!left.exists());
}

#[test]
fn accounts_are_listed_and_removed() {
    let (_place, folder) = folder();
    assert!(folder.list().expect("lists").is_empty());
    put(&folder, "zoo", &set("1"));
    put(&folder, "a-1_b", &set("1"));
    assert_eq!(folder.list().expect("lists"), ["a-1_b", "zoo"]);
    let lock = folder.lock("zoo").expect("locks");
    folder.remove(&lock).expect("removes");
    folder.remove(&lock).expect("removes nothing");
    assert_eq!(folder.list().expect("lists"), ["a-1_b"]);
    let error = folder.load("zoo").expect_err("is gone").to_string();
    insta::assert_snapshot!(error, @r#"account "zoo" has no tokens: log it in with `storyd account login zoo`"#);
}

#[test]
fn a_name_that_could_leave_the_folder_is_no_account() {
    let (_place, folder) = folder();
    for name in ["", "..", "../x", "a/b", "A", "카페", "a.json", "a b", &"x".repeat(65)] {
        assert!(matches!(folder.load(name), Err(TokenError::Account(_))), "{name}");
        assert!(matches!(folder.lock(name), Err(TokenError::Account(_))), "{name}");
    }
}

#[test]
fn a_broken_file_is_told_by_its_place_and_never_quoted() {
    let (place, folder) = folder();
    put(&folder, "cafe", &set("1"));
    for text in ["", "{", r#"{"version":1,"access_token":["secret"]}"#, r#"{"version":2}"#, "secret"] {
        fs::write(place.path().join("tokens/cafe.json"), text).expect("writes");
        let error = folder.load("cafe").expect_err("is broken").to_string();
        assert!(error.contains("account login cafe") && !error.contains("secret"), "{error}");
    }
}

#[test]
fn a_lock_is_exclusive_and_remembers_the_latest_refreshes() {
    let (place, folder) = folder();
    let mut lock = folder.lock("cafe").expect("locks");
    let other = File::open(place.path().join("tokens/cafe.lock")).expect("opens");
    assert!(other.try_lock().is_err(), "held");
    assert_eq!(lock.refreshes().expect("reads"), vec![]);
    let start = at("2026-12-01T00:00:00Z");
    let many: Vec<Timestamp> = (0..40).map(|n| later(start, Duration::from_secs(n))).collect();
    lock.remember(&many).expect("writes");
    lock.remember(&many[..2]).expect("writes fewer over more");
    assert_eq!(lock.refreshes().expect("reads"), many[..2]);
    lock.remember(&many).expect("writes");
    drop(lock);
    assert!(other.try_lock().is_ok(), "free again");
    drop(other);
    assert_eq!(folder.lock("cafe").expect("locks").refreshes().expect("reads"), many[8..]);
}
