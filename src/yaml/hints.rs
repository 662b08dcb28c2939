//! Slips that YAML lets pass and that nobody means: a remark where a value belongs, a list's dash without a blank, a key on the
//! wrong level. Only the telling of them; what is wrong is found elsewhere.

use std::ops::Range;

use super::problem::Source;

/// `content: #카페` has no value: what follows the `#` is a remark.
pub(crate) fn remark_in_place_of_a_value(source: &Source, key_span: &Range<usize>) -> Option<String> {
    let line = source.line_range(source.line_index(key_span.end));
    let rest = source.slice(&(key_span.end..line.end)).trim_start().strip_prefix(':')?.trim();
    rest.strip_prefix('#')
        .is_some_and(|tag| tag.starts_with(char::is_alphanumeric))
        .then(|| source.shown(rest).to_owned())
}

/// `-menu` in place of `- menu`.
pub(crate) fn dash_without_blank(item: &str) -> bool {
    item.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
}

/// Where a key belongs that is known, but not here.
pub(crate) fn elsewhere(what: &str, key: &str) -> Option<String> {
    const OF_FILE: [&str; 5] = ["version", "zone", "defaults", "blackouts", "jobs"];
    const OF_JOB: [&str; 15] = [
        "at",
        "cron",
        "every",
        "from",
        "until",
        "except",
        "type",
        "content",
        "contents",
        "images",
        "url",
        "delete_at",
        "permission",
        "late",
        "tags",
    ];
    match what {
        "a job" | "`defaults`" if OF_FILE.contains(&key) => {
            Some(format!("`{key}` belongs to the whole file: write it at the beginning of a line, before `jobs:`"))
        }
        "`defaults`" if OF_JOB.contains(&key) => Some(format!("`{key}` belongs to each job: write it there")),
        "a job file" if OF_JOB.contains(&key) => {
            Some(format!("`{key}` belongs to a job: write it below the job's name, two spaces further in than that"))
        }
        _ => None,
    }
}

/// The word that is meant by one of another program, or of another language.
pub(crate) fn word_meant(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 9] = [
        ("public", &["전체공개", "전체", "공개", "모두", "everyone", "everybody", "all", "open"]),
        ("friends", &["친구공개", "친구", "친구만", "friend", "friends_only"]),
        ("private", &["나만보기", "비공개", "나만", "me", "only_me", "self", "hidden"]),
        ("note", &["글", "텍스트", "노트", "text", "post", "message", "status"]),
        ("photo", &["사진", "이미지", "포토", "image", "images", "picture", "pic", "img", "gallery", "foto", "fotos"]),
        ("link", &["링크", "주소", "url", "web", "page"]),
        ("skip", &["건너뛰기", "건너뜀", "drop", "ignore", "discard"]),
        ("hold", &["보류", "대기", "wait", "ask", "pause"]),
        ("post", &["게시", "올리기", "publish", "send"]),
    ];
    let folded: String =
        word.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect::<String>().replace('-', "_");
    WORDS.iter().find(|(_, theirs)| theirs.contains(&folded.as_str())).map(|(ours, _)| *ours)
}

/// The truth value that other words mean.
pub(crate) fn truth_meant(word: &str) -> Option<bool> {
    const WORDS: [(bool, &[&str]); 2] = [
        (true, &["yes", "y", "on", "1", "true", "예", "네", "허용", "참", "켜기", "o"]),
        (false, &["no", "n", "off", "0", "false", "아니요", "아니오", "금지", "거짓", "끄기", "x"]),
    ];
    let folded = word.trim().to_lowercase();
    WORDS.iter().find(|(_, theirs)| theirs.contains(&folded.as_str())).map(|(ours, _)| *ours)
}
