//! How instants, lengths of time and stories are told to people: the same words wherever they are read.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clock::between;

/// The zone of that IANA name; UTC when this machine does not know it.
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// `Tue 2026-12-01 09:00 KST`; with seconds where they are not zero.
pub fn instant(at: Timestamp, zone_name: &str) -> String {
    let local = at.to_zoned(zone(zone_name));
    let format = if local.second() == 0 { "%a %Y-%m-%d %H:%M %Z" } else { "%a %Y-%m-%d %H:%M:%S %Z" };
    local.strftime(format).to_string()
}

/// A name as one word of a shell. No tag and no job needs quotes, but a pause takes any name.
pub fn shell_word(name: &str) -> String {
    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

/// From so many days on, years tell more.
const YEARS_FROM_DAYS: u64 = 730;

/// `in 3 d 4 h`, `5 min ago`, `now`, `in 4 years`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let ahead = at >= now;
    let span = if ahead { between(now, at) } else { between(at, now) };
    if span < Duration::from_secs(1) {
        return "now".into();
    }
    let days = span.as_secs() / 86_400;
    let length = if days < YEARS_FROM_DAYS { length(span) } else { format!("{} years", days / 365) };
    if ahead { format!("in {length}") } else { format!("{length} ago") }
}

/// A length of time in its two largest units; from ten days on, in days.
pub fn length(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 => format!("{} ms", span.as_millis()),
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (10.., _, _) | (_, 0, _) => format!("{days} d"),
        (_, _, _) => format!("{days} d {hours} h"),
    }
}

/// Where people look at stories.
pub const KAKAO_STORY: &str = "https://story.kakao.com";

/// The page of a story, from an ID of the usual form `<profile>.<activity>`.
pub fn story_url(story_id: &str) -> Option<String> {
    let (profile, activity) = story_id.split_once('.')?;
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    (plain(profile) && plain(activity)).then(|| format!("{KAKAO_STORY}/{profile}/{activity}"))
}

/// The page of the account whose story that is, where its ID tells it.
pub fn account_url(story_id: &str) -> Option<String> {
    let url = story_url(story_id)?;
    url.rsplit_once('/').map(|(page, _)| page.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("valid")
    }

    #[test]
    fn an_instant_names_its_day_and_its_zone_and_seconds_only_where_there_are_some() {
        assert_eq!(instant(at("2026-12-01T00:00:00Z"), "Asia/Seoul"), "Tue 2026-12-01 09:00 KST");
        assert_eq!(instant(at("2026-11-27T19:54:30Z"), "No/Where"), "Fri 2026-11-27 19:54:30 UTC");
    }

    #[test]
    fn how_far_away_is_told_in_two_units() {
        let now = at("2026-11-27T20:00:00Z");
        let told = ["2026-12-01T00:00:00Z", "2026-11-27T19:54:30Z", "2026-11-27T20:00:00.4Z", "2026-11-28T20:00:00Z"]
            .map(|text| relative(at(text), now));
        assert_eq!(told, ["in 3 d 4 h", "5 min ago", "now", "in 1 d"]);
        let far = ["2028-11-25T20:00:00Z", "2028-11-27T20:00:00Z", "2030-12-24T00:00:00Z", "2020-12-25T00:00:00Z"]
            .map(|text| relative(at(text), now));
        assert_eq!(far, ["in 729 d", "in 2 years", "in 4 years", "5 years ago"]);
    }

    #[test]
    fn a_length_has_two_units_at_most() {
        let lengths = [0, 1, 59, 60, 3_599, 3_600, 3_660, 86_400, 90_000, 863_999, 864_000, 127_600_000];
        let said = lengths.map(|seconds| length(Duration::from_secs(seconds)));
        let expected = [
            "0 ms",
            "1 s",
            "59 s",
            "1 min",
            "59 min",
            "1 h",
            "1 h 1 min",
            "1 d",
            "1 d 1 h",
            "9 d 23 h",
            "10 d",
            "1476 d",
        ];
        assert_eq!(said, expected);
        assert_eq!(length(Duration::from_millis(54)), "54 ms");
    }

    #[test]
    fn only_an_id_of_the_usual_form_has_a_page() {
        assert_eq!(story_url("mfm.EYl_5-9").as_deref(), Some("https://story.kakao.com/mfm/EYl_5-9"));
        assert_eq!(account_url("mfm.EYl_5-9").as_deref(), Some("https://story.kakao.com/mfm"));
        for odd in ["", "mfm", "mfm.", ".x", "a.b/../c", "a.b.c", "javascript:x.y"] {
            assert_eq!((story_url(odd), account_url(odd)), (None, None), "{odd}");
        }
    }
}
