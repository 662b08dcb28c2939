//! Files whose names are spelt otherwise than they are asked for: in decomposed letters, as every copy from a Mac is, or nearly.

use std::path::{Component, Path, PathBuf};

use crate::domain::content::composed;
use crate::yaml::character::{CharacterClass, ascii, sort};

/// Most names of one folder that are compared.
const NAMES_MAX: usize = 5_000;
/// Most names that are offered.
const OFFERED_MAX: usize = 3;
/// Most folders of one path that are looked for under another spelling.
const FOLDERS_MAX: usize = 3;

/// The file that a path names but for the composition of its letters: the path itself, if anything is there; else the only one that is
/// equal to it. Nothing if there is none, or more than one.
pub fn spelt_alike(path: &Path) -> Option<PathBuf> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Some(path.to_owned());
    }
    let mut real = PathBuf::new();
    for part in path.components() {
        let next = real.join(part);
        if std::fs::symlink_metadata(&next).is_ok() {
            real = next;
            continue;
        }
        let Component::Normal(name) = part else { return None };
        let wanted = composed(name.to_str()?);
        let mut alike = names(&real).into_iter().filter(|other| composed(other) == wanted);
        let only = alike.next().filter(|_| alike.next().is_none())?;
        real.push(only);
    }
    Some(real)
}

/// The paths that were probably meant by one that is not there, the nearest first: another name in its folder, or the same in a folder
/// that is spelt otherwise.
pub(crate) fn nearest(path: &Path) -> Vec<PathBuf> {
    near(path, FOLDERS_MAX)
}

fn near(path: &Path, folders: usize) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let Some(parent) = path.parent() else { return Vec::new() };
    if let Some(folder) = spelt_alike(parent).filter(|folder| folder.as_os_str().is_empty() || folder.is_dir()) {
        return near_names(&folder, name).into_iter().map(|name| folder.join(name)).collect();
    }
    if folders == 0 {
        return Vec::new();
    }
    let found = near(parent, folders - 1).into_iter().filter(|folder| folder.is_dir()).flat_map(|folder| {
        match spelt_alike(&folder.join(name)) {
            Some(there) => vec![there],
            None => near_names(&folder, name).into_iter().map(|name| folder.join(name)).collect(),
        }
    });
    found.take(OFFERED_MAX).collect()
}

/// What of a path is written otherwise than in another one, from the first folder that differs on.
pub(crate) fn differing(path: &Path, near: &Path) -> String {
    let same = path.components().zip(near.components()).take_while(|(one, other)| one == other).count();
    near.components().skip(same).collect::<PathBuf>().display().to_string()
}

/// The names of a folder that are nearest to one, the nearest first.
fn near_names(folder: &Path, name: &str) -> Vec<String> {
    let (wanted, bare) = (composed(name).to_lowercase(), skeleton(name));
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    let most = wanted.chars().count().div_ceil(3).min(3);
    let mut near: Vec<(usize, String)> = names(folder)
        .into_iter()
        .filter(|other| !other.starts_with('.'))
        .filter_map(|other| {
            let rank = match skeleton(&other) {
                same if same == bare => 0,
                same if stem(&same) == stem(&bare) => 1,
                _ => {
                    let far = strsim::osa_distance(&wanted, &composed(&other).to_lowercase());
                    (far <= most).then_some(1 + far)?
                }
            };
            Some((rank, other))
        })
        .collect();
    near.sort();
    // What differs in blanks or case alone is meant; what is a few letters off is a guess beside it.
    let best = near.first().map_or(0, |(rank, _)| *rank);
    near.into_iter().filter(|(rank, _)| *rank == best || best > 1).map(|(_, name)| name).take(OFFERED_MAX).collect()
}

/// A name without what is mixed up: case, blanks, hyphens and bars, forms of the same letter, what cannot be seen.
fn skeleton(name: &str) -> String {
    let mut out = String::new();
    for c in composed(name).chars() {
        match sort(c) {
            CharacterClass::Plain | CharacterClass::Private | CharacterClass::Lost => match ascii(c) {
                Some(like) => out.push_str(&like),
                None => out.push(c),
            },
            CharacterClass::Blank | CharacterClass::Invisible | CharacterClass::Break | CharacterClass::Control => {}
        }
    }
    let dot = out.rfind('.').unwrap_or(out.len());
    let (stem, ending) = out.split_at(dot);
    let stem: String = stem.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
    format!("{stem}{}", ending.trim()).to_lowercase()
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.take(NAMES_MAX).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, b"x").expect("written");
        }
        dir
    }

    /// Decomposed, as a Mac writes it.
    const LATTE: &str = "\u{1105}\u{1161}\u{1104}\u{1166}";

    #[test]
    fn a_name_is_found_whichever_way_its_letters_are_composed() {
        let other = "cafe\u{301}";
        for (there, asked) in [
            (format!("{LATTE}.jpg"), "라떼.jpg".to_owned()),
            ("라떼.jpg".to_owned(), format!("{LATTE}.jpg")),
            (format!("{other}.png"), "café.png".to_owned()),
            ("café.png".to_owned(), format!("{other}.png")),
            (format!("{LATTE}/{LATTE} 1.jpg"), "라떼/라떼 1.jpg".to_owned()),
            (format!("사진/{LATTE}.jpg"), "사진/라떼.jpg".to_owned()),
            ("이미지/라떼.jpg".to_owned(), format!("이미지/라{}.jpg", "\u{1104}\u{1166}")),
            ("u\u{308}ber.gif".to_owned(), "über.gif".to_owned()),
            ("が.png".to_owned(), "か\u{3099}.png".to_owned()),
            ("라떼.jpg".to_owned(), "라떼.jpg".to_owned()),
        ] {
            let dir = folder(&[&there]);
            assert_eq!(spelt_alike(&dir.path().join(&asked)), Some(dir.path().join(&there)), "{asked:?}");
        }
    }

    #[test]
    fn two_that_are_alike_are_not_chosen_between_and_case_is_never_guessed() {
        let dir = folder(&[&format!("{LATTE}.jpg"), &format!("라{}.jpg", "\u{1104}\u{1166}"), "A.JPG"]);
        assert_eq!(spelt_alike(&dir.path().join("라떼.jpg")), None);
        assert_eq!(spelt_alike(&dir.path().join("a.jpg")), None);
        assert_eq!(nearest(&dir.path().join("라떼.jpg")).len(), 2);
    }

    #[test]
    fn the_nearest_names_are_offered() {
        for (there, asked) in [
            ("크리스마스-케이크.jpg", "크리스마스 케이크.jpg"),
            ("A.JPG", "a.jpg"),
            ("latte.jpg", "latte.jpeg"),
            ("latte.png", "latte.jpg"),
            ("latte_1.jpg", "latte-1.jpg"),
            ("latte.jpg", "latte.jpg\u{200b}"),
            ("Screenshot at 9.00\u{202f}AM.png", "Screenshot at 9.00 AM.png"),
            ("latte１.jpg", "latte1.jpg"),
            ("lattte.jpg", "latte.jpg"),
            ("라떼사진.jpg", "라떼 사진.jpg"),
            ("Latte.jpg", "latte.JPG"),
            ("메뉴판.jpg", "메뉴핀.jpg"),
            ("images/latte.jpg", "Images/latte.jpg"),
            ("images/latte.jpg", "imags/latte.jpg"),
            ("images/Latte.jpg", "Images/latte.jpeg"),
            ("images/2030/latte.jpg", "Images/2030/latte.jpg"),
            ("images/Winter/latte.jpg", "Images/winter/latte.jpg"),
            ("사진/라떼.jpg", "사 진/라떼.jpg"),
        ] {
            let dir = folder(&[there, "other-picture.gif", "others/a.txt"]);
            let found = nearest(&dir.path().join(asked));
            assert_eq!(found, [dir.path().join(there)], "{asked:?}");
            assert_eq!(differing(&dir.path().join(asked), &found[0]), *there, "{asked:?}");
        }
        let dir = folder(&["latte.jpg", "images/mocha.jpg"]);
        for asked in ["winter-cup.png", "Images/winter-cup.png", "menus/mocha.jpg"] {
            assert_eq!(nearest(&dir.path().join(asked)), Vec::<PathBuf>::new(), "{asked}");
        }
        assert_eq!(differing(Path::new("a/b/c.jpg"), Path::new("a/b/C.jpg")), "C.jpg");
    }
}
