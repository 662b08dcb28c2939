//! The form of a date, as `format` takes it: fields with `%`. What other libraries write (`YYYY-MM-DD`) is known, and told in these.

use jiff::civil::DateTime;

/// What is wrong with a form whatever the date: a sentence, and what to write.
pub(crate) fn flaw(form: &str) -> Option<(String, String)> {
    const FIELDS: &str = "`%Y` is the year, `%-m` the month, `%-d` the day, `%a` the weekday, `%H:%M` the time";
    let parts = parts(form);
    if let Some(field) = parts.iter().find_map(|part| match part {
        FormatPart::Field(field) if !is_field(field) => Some(*field),
        _ => None,
    }) {
        return Some((
            format!("there is no field `{field}` in a form"),
            format!("{FIELDS}; for the sign itself write `%%`"),
        ));
    }
    if let Some((field, is, meant, written)) = mixed_up(&parts) {
        let why = format!("`{field}` in the form `{form}` is the {is}, and stands where the {meant} belongs");
        return Some((why, format!("write `{written}`")));
    }
    let has_fields = parts.iter().any(|part| matches!(part, FormatPart::Field(field) if *field != "%%"));
    let written = translated(&parts, !has_fields);
    let is_translated = written != form;
    if !has_fields {
        let help = match is_translated {
            true => format!("write `{written}`"),
            false => FIELDS.to_owned(),
        };
        return Some((format!("the form `{form}` holds no `%` field, so every date looks alike"), help));
    }
    is_translated.then(|| {
        (format!("a part of the form `{form}` has no `%`, and is posted as it stands"), format!("write `{written}`"))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormatPart<'f> {
    /// From the `%` to its letter.
    Field(&'f str),
    /// Letters of the alphabet, as many as stand together.
    Letters(&'f str),
    Other(&'f str),
}

fn parts(form: &str) -> Vec<FormatPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = form;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '%' => {
                let flags = rest
                    .find(|c: char| !"%-_0^#:.123456789".contains(c) || c == '%' && rest.starts_with("%%"))
                    .unwrap_or(rest.len());
                match rest.strip_prefix("%%") {
                    Some(_) => 2,
                    None => flags + rest.get(flags..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8),
                }
            }
            c if c.is_ascii_alphabetic() => rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (part, after) = rest.split_at(length);
        parts.push(match c {
            '%' => FormatPart::Field(part),
            c if c.is_ascii_alphabetic() => FormatPart::Letters(part),
            _ => FormatPart::Other(part),
        });
        rest = after;
    }
    parts
}

/// A field that is another one than its neighbours say, what it is, what it was meant for, and the form with that: `%M` is the minute, `%m`
/// the month, `%h` the name of the month and `%D` a whole date.
fn mixed_up<'f>(parts: &[FormatPart<'f>]) -> Option<(&'f str, &'static str, &'static str, String)> {
    let letter = |at: usize| match parts.get(at) {
        Some(FormatPart::Field(field)) => field.chars().next_back(),
        _ => None,
    };
    // What stands between a field and the next one.
    let behind = |at: usize| {
        let signs = parts.get(at + 1..).unwrap_or_default().iter().map_while(|part| match part {
            FormatPart::Other(sign) => Some(*sign),
            FormatPart::Field(_) | FormatPart::Letters(_) => None,
        });
        signs.collect::<String>()
    };
    let is_hour = |at: usize| match letter(at) {
        Some('H' | 'I' | 'k' | 'l') => true,
        Some('h') => behind(at).starts_with([':', '시']),
        _ => false,
    };
    let all: Vec<char> = (0..parts.len()).filter_map(letter).collect();
    let has = |letters: &str| all.iter().any(|letter| letters.contains(*letter));
    let mut found = None;
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let (FormatPart::Field(field), Some(name)) = (part, letter(at)) else {
            let (FormatPart::Field(text) | FormatPart::Letters(text) | FormatPart::Other(text)) = part;
            out.push_str(text);
            continue;
        };
        let before = (0..at).rev().find(|before| letter(*before).is_some());
        let after_hour = before.is_some_and(|hour| {
            is_hour(hour)
                && matches!(behind(hour).trim_end(), "" | ":" | "시")
                && hour + 1 + behind(hour).chars().count() == at
        });
        let (is, meant, right) = match name {
            'M' if behind(at).starts_with('월') => ("minute", "month", 'm'),
            'M' if !after_hour
                && !behind(at).starts_with('분')
                && has("YyCGgdeDj")
                && !has("mbBhFHIklTRcs")
                && (has("Yy") || !has("D")) =>
            {
                ("minute", "month", 'm')
            }
            'm' if behind(at).starts_with('분') => ("month", "minute", 'M'),
            'm' if after_hour && !behind(at).starts_with(['월', '/', '-']) => ("month", "minute", 'M'),
            'h' if is_hour(at) => ("name of the month", "hour", 'H'),
            'D' if has("Yy") => ("whole date", "day", 'd'),
            _ => {
                out.push_str(field);
                continue;
            }
        };
        found = found.or(Some((*field, is, meant)));
        out.push_str(&field[..field.len() - name.len_utf8()]);
        out.push(right);
    }
    found.map(|(field, is, meant)| (field, is, meant, out))
}

fn is_field(field: &str) -> bool {
    const SAMPLE: DateTime = DateTime::constant(2026, 12, 1, 9, 5, 0, 0);
    jiff::fmt::strtime::format(field, SAMPLE).is_ok()
}

/// The form in our fields. `all`: single letters too, where nothing else can be meant.
fn translated(parts: &[FormatPart<'_>], all: bool) -> String {
    let has_month = parts.iter().any(|part| matches!(part, FormatPart::Letters(word) if word.contains("MM")));
    let mut out = String::new();
    let mut after_hour = false;
    for (at, part) in parts.iter().enumerate() {
        let letters = match part {
            FormatPart::Letters(word) => *word,
            FormatPart::Field(text) | FormatPart::Other(text) => {
                out.push_str(text);
                continue;
            }
        };
        let unit = match parts.get(at + 1) {
            Some(FormatPart::Other(next)) => next.chars().next(),
            _ => None,
        };
        let groups = groups(letters);
        let mut fields = String::new();
        let known = groups.iter().all(|group| {
            let month = *group == "mm" && !has_month && !after_hour;
            let field = field_of(if month { "MM" } else { group }, unit, all);
            after_hour |= group.eq_ignore_ascii_case("hh") || group.eq_ignore_ascii_case("h");
            field.map(|field| fields.push_str(field)).is_some()
        });
        out.push_str(if known { &fields } else { letters });
    }
    out
}

/// Runs of one letter.
fn groups(letters: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let mut rest = letters;
    while let Some(c) = rest.chars().next() {
        let (group, after) = rest.split_at(rest.find(|other| other != c).unwrap_or(rest.len()));
        groups.push(group);
        rest = after;
    }
    groups
}

fn field_of(group: &str, unit: Option<char>, all: bool) -> Option<&'static str> {
    let before = |sign: char| unit == Some(sign);
    Some(match group {
        "YYYY" | "yyyy" => "%Y",
        "YY" | "yy" => "%y",
        "MMMM" => "%B",
        "MMM" => "%b",
        "MM" if before('월') => "%-m",
        "MM" => "%m",
        "DD" | "dd" if before('일') => "%-d",
        "DD" | "dd" => "%d",
        "HH" if before('시') => "%-H",
        "HH" => "%H",
        "hh" if before('시') => "%-I",
        "hh" => "%I",
        "mm" => "%M",
        "ss" => "%S",
        "dddd" | "EEEE" => "%A",
        "ddd" | "EEE" => "%a",
        "M" if all => "%-m",
        "D" | "d" if all => "%-d",
        "H" if all => "%-H",
        "h" if all => "%-I",
        "m" if all => "%M",
        "A" | "a" | "tt" if all => "%p",
        "E" if all => "%a",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_libraries_are_told_in_fields() {
        for (form, written) in [
            ("MM월 DD일", "%-m월 %-d일"),
            ("M월 D일", "%-m월 %-d일"),
            ("YYYY-MM-DD", "%Y-%m-%d"),
            ("yyyy-MM-dd", "%Y-%m-%d"),
            ("yyyy-mm-dd", "%Y-%m-%d"),
            ("yyyy년 MM월 dd일", "%Y년 %-m월 %-d일"),
            ("YYYYMMDD", "%Y%m%d"),
            ("dd/MM", "%d/%m"),
            ("HH:mm", "%H:%M"),
            ("hh:mm a", "%I:%M %p"),
            ("YYYY.MM.DD HH:mm:ss", "%Y.%m.%d %H:%M:%S"),
            ("MM/DD (ddd)", "%m/%d (%a)"),
            ("dddd", "%A"),
            ("%Y-MM-DD", "%Y-%m-%d"),
            ("%-m월 DD일", "%-m월 %-d일"),
            ("H시", "%-H시"),
        ] {
            let (_, help) = flaw(form).unwrap_or_else(|| panic!("{form}"));
            assert_eq!(help, format!("write `{written}`"), "{form}");
            assert_eq!(flaw(written), None, "{written}");
        }
        for form in ["%Q", "%-m월 %", "%월", "%Y-%E", "날짜", "", "100%%"] {
            assert!(flaw(form).is_some(), "{form}");
        }
        for form in [
            "%-m월 %-d일 (%a)",
            "%H:%M",
            "%B",
            "%p %-I시",
            "D-%d",
            "%d/%m KST",
            "%A, %d %B",
            "%Y%m%d",
            "%F",
            "%j일째",
            "%Y년 Day %d",
        ] {
            assert_eq!(flaw(form), None, "{form}");
        }
    }

    #[test]
    fn a_minute_for_a_month_or_a_month_for_a_minute_is_told() {
        for (form, says, written) in [
            ("%Y-%M-%d", "`%M` in the form `%Y-%M-%d` is the minute, and stands where the month", "%Y-%m-%d"),
            ("%y.%M.%d", "is the minute", "%y.%m.%d"),
            ("%-M월 %-d일", "is the minute", "%-m월 %-d일"),
            ("%-M/%-d (%a)", "is the minute", "%-m/%-d (%a)"),
            ("%Y년 %M월", "is the minute", "%Y년 %m월"),
            ("%M월 %d일 %H:%M", "is the minute", "%m월 %d일 %H:%M"),
            ("%H:%m", "`%m` in the form `%H:%m` is the month, and stands where the minute", "%H:%M"),
            ("%h:%m", "`%h` in the form `%h:%m` is the name of the month, and stands where the hour", "%H:%M"),
            ("%I:%m %p", "is the month", "%I:%M %p"),
            ("%p %-I시 %m분", "is the month", "%p %-I시 %M분"),
            ("%H시%m분", "is the month", "%H시%M분"),
            ("%-m월 %-d일 %H:%m", "is the month", "%-m월 %-d일 %H:%M"),
            ("%h시 %M분", "is the name of the month", "%H시 %M분"),
            ("%Y-%m-%D", "`%D` in the form `%Y-%m-%D` is the whole date", "%Y-%m-%d"),
            ("%Y-%M-%D", "is the minute", "%Y-%m-%d"),
        ] {
            let (why, help) = flaw(form).unwrap_or_else(|| panic!("{form}"));
            assert!(why.contains(says), "{form}: {why}");
            assert_eq!(help, format!("write `{written}`"), "{form}");
            assert_eq!(flaw(written), None, "{written}");
        }
        for form in [
            "%M",
            "%M분",
            "%H%M",
            "%Y%m%d%H%M",
            "%Y-%m-%d %H:%M",
            "%d/%m/%Y %H:%M",
            "%H:%M %d/%m",
            "%H:%M, %m/%d",
            "%H시, %m월 %d일",
            "%H %d/%m",
            "%H시 %M분 (%m월 %d일)",
            "%h %d",
            "%D",
            "%d일 %H시 %M분",
            "%R %m/%d",
        ] {
            assert_eq!(flaw(form), None, "{form}");
        }
    }
}
