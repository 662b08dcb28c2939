//! Sizes in the settings: `16 MiB`.

use std::ops::RangeInclusive;

use crate::yaml::mapping::{Fields, Placed, Report};
use crate::yaml::problem::Code;

/// Bytes of one, by name.
const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// The size under `key` in bytes, if there is one and it lies within the limits.
pub(super) fn read(fields: &Fields<'_>, key: &str, limits: RangeInclusive<u64>, report: &mut Report) -> Option<u64> {
    let Placed { value, span } = fields.text(key, report)?;
    let problem = match bytes(&value) {
        Some(bytes) if limits.contains(&bytes) => return Some(bytes),
        Some(_) => format!("`{key}` is from {} to {}", written(*limits.start()), written(*limits.end())),
        None => format!("`{key}` is not a size"),
    };
    report.add(Code::BadSize, &span, problem).help("write a whole number and KiB, MiB or GiB, as in `16 MiB`");
    None
}

fn bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn written(bytes: u64) -> String {
    let (name, factor) = UNITS.iter().rev().find(|(_, factor)| bytes >= *factor).unwrap_or(&UNITS[0]);
    format!("{} {name}", bytes / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_whole_number_and_a_unit() {
        for (text, wanted) in [("16 MiB", Some(16 << 20)), ("64KiB", Some(65_536)), ("1 gib", Some(1 << 30))] {
            assert_eq!(bytes(text), wanted, "{text}");
        }
        for text in [
            "",
            "16",
            "MiB",
            "1.5 MiB",
            "-1 MiB",
            "16 MB",
            "16 M",
            "99999999999999999999 KiB",
            "18446744073709551615 GiB",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert_eq!((written(65_536), written(1 << 30)), ("64 KiB".into(), "1 GiB".into()));
    }
}
