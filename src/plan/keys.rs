//! The keys of a job file: those at its top, those of `defaults`, those of a job, and what people write in their place.

use super::policy::SHARED_KEYS;
use crate::yaml::mapping::Shape;

const SYNONYMS: &[(&str, &str)] = &[
    ("text", "content"),
    ("message", "content"),
    ("body", "content"),
    ("image", "images"),
    ("texts", "contents"),
    ("messages", "contents"),
    ("variables", "vars"),
    ("photos", "images"),
    ("image_url_list", "images"),
    ("link", "url"),
    ("time", "at"),
    ("date", "at"),
    ("when", "at"),
    ("schedule", "cron"),
    ("interval", "every"),
    ("repeat", "every"),
    ("repeats", "every"),
    ("repeat_every", "every"),
    ("frequency", "every"),
    ("biweekly", "every"),
    ("weekly", "every"),
    ("timezone", "zone"),
    ("tz", "zone"),
    ("kind", "type"),
    ("start", "from"),
    ("end", "until"),
    ("visibility", "permission"),
    ("quiet_hours", "blackouts"),
    ("blackout", "blackouts"),
];

pub(super) const FILE: Shape = Shape {
    what: "a job file",
    keys: &["version", "zone", "account", "vars", "defaults", "blackouts", "jobs"],
    free_x: true,
    synonyms: SYNONYMS,
};

pub(super) const DEFAULTS: Shape = Shape { what: "`defaults`", keys: &SHARED_KEYS, free_x: true, synonyms: SYNONYMS };

pub(super) const JOB: Shape = Shape {
    what: "a job",
    keys: &[
        "at",
        "cron",
        "every",
        "from",
        "until",
        "except",
        "jitter",
        "type",
        "content",
        "contents",
        "vars",
        "images",
        "url",
        "account",
        "permission",
        "enable_share",
        "android_exec_param",
        "ios_exec_param",
        "android_market_param",
        "ios_market_param",
        "late",
        "delete_after",
        "delete_at",
        "in_doubt",
        "tags",
    ],
    free_x: true,
    synonyms: SYNONYMS,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shared_key_is_a_key_of_a_job() {
        assert!(SHARED_KEYS.iter().all(|key| JOB.keys.contains(key)));
    }

    #[test]
    fn the_example_file_shows_every_key() {
        let example = include_str!("../../jobs.example.yaml");
        for key in FILE.keys.iter().chain(JOB.keys) {
            assert!(example.lines().any(|line| line.trim_start().starts_with(&format!("{key}:"))), "{key}");
        }
    }

    #[test]
    fn a_synonym_leads_to_a_key_and_is_none_itself() {
        for (theirs, ours) in SYNONYMS {
            assert!(JOB.keys.contains(ours) || FILE.keys.contains(ours), "{ours}");
            assert!(!JOB.keys.contains(theirs) && !FILE.keys.contains(theirs), "{theirs}");
        }
    }
}
