//! What the clocks of the world do to schedules, as a table that a person can read; and that a period gives the same
//! occurrences however it is cut.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use storyd::plan::{self, Job, Occurrence};

use crate::plan_load::folder;

/// A job with these schedule lines in this zone.
fn job(zone: &str, schedule: &str) -> Job {
    let file = format!(
        "version: 1\nzone: {zone}\naccount: a\njobs:\n  one:\n    type: note\n    content: x\n    {}\n",
        schedule.replace('\n', "\n    ")
    );
    let dir = folder(&[("jobs.yaml", &file)]);
    let mut plan =
        plan::load(&[dir.path().to_owned()], crate::plan_load::now()).unwrap_or_else(|problems| panic!("{problems}"));
    plan.jobs.remove("one").expect("the job")
}

/// A local time of a zone, as an instant; a date is its first moment.
fn instant(zone: &str, local: &str) -> Timestamp {
    let zone = TimeZone::get(zone).expect("a zone");
    let local: jiff::civil::DateTime = local.parse().expect("a date or a time");
    zone.to_timestamp(local).expect("an instant")
}

/// `03-29 02:30 → 03:00 (+02)` when shifted; the second pass of an hour has its `~2`.
fn shown(job: &Job, occurrence: &Occurrence) -> String {
    let local = job.time_zone.to_datetime(occurrence.at);
    let offset = job.time_zone.to_offset(occurrence.at);
    let (date, time) = occurrence.nominal.split_once('T').expect("a date and a time");
    let (clock, pass) = (&time[..5], &time[8..]);
    let moved = if occurrence.shifted { format!(" → {}", local.strftime("%H:%M")) } else { String::new() };
    format!("{} {clock}{pass}{moved} ({offset})", &date[5..])
}

/// The occurrences from `first` to before `end`, at most eight, four a line.
fn table(rows: &[(&str, &str, &str, &str)]) -> String {
    let mut out = String::new();
    for (zone, first, end, cron) in rows {
        let job = job(zone, &format!("cron: \"{cron}\""));
        let just_before = |local| instant(zone, local).checked_sub(1.nanosecond()).expect("in range");
        let found: Vec<String> =
            job.occurrences(just_before(first), just_before(end), 8).iter().map(|one| shown(&job, one)).collect();
        out.push_str(&format!("{zone}  `{cron}`  {first} to {end}\n"));
        for line in found.chunks(4) {
            out.push_str(&format!("    {}\n", line.join("   ")));
        }
        if found.is_empty() {
            out.push_str("    nothing\n");
        }
    }
    out
}

#[test]
fn a_skipped_local_time_moves_to_the_first_valid_instant_after_it() {
    insta::assert_snapshot!(table(&[
        ("Europe/Berlin", "2026-03-29", "2026-03-30", "30 2 * * *"),
        ("Europe/Berlin", "2026-03-29", "2026-03-30", "0 2,14 * * *"),
        ("Europe/Berlin", "2026-03-29", "2026-03-30", "15,45 2 * * *"),
        ("Europe/Berlin", "2026-03-29", "2026-03-30", "0,30 2,3 * * *"),
        ("America/New_York", "2026-03-08", "2026-03-09", "30 2 * * *"),
        ("America/Santiago", "2026-09-05", "2026-09-07", "0 0 * * *"),
        ("Africa/Cairo", "2026-04-24", "2026-04-25", "30 0 * * *"),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-05", "45 1 * * *"),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-05", "15 2 * * *"),
        ("Europe/Dublin", "2026-03-29", "2026-03-30", "30 1 * * *"),
        ("Pacific/Chatham", "2026-09-27", "2026-09-28", "0 3 * * *"),
        ("Africa/Casablanca", "2026-03-22", "2026-03-23", "30 2 * * *"),
    ]));
}

#[test]
fn a_repeated_local_time_fires_at_its_first_pass() {
    insta::assert_snapshot!(table(&[
        ("Europe/Berlin", "2026-10-25", "2026-10-26", "30 2 * * *"),
        ("Europe/Berlin", "2026-10-25", "2026-10-26", "0 2,14 * * *"),
        ("Europe/Berlin", "2026-10-25", "2026-10-26", "0 */2 * * *"),
        ("America/New_York", "2026-11-01", "2026-11-02", "0 0-3 * * *"),
        ("America/Santiago", "2026-04-04", "2026-04-05", "30 23 * * *"),
        ("Africa/Cairo", "2026-10-29", "2026-10-30", "30 23 * * *"),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-06", "45 1 * * *"),
        ("Europe/Dublin", "2026-10-25", "2026-10-26", "30 1 * * *"),
        ("Pacific/Chatham", "2026-04-05", "2026-04-06", "0 3 * * *"),
        ("Africa/Casablanca", "2026-02-15", "2026-02-16", "30 2 * * *"),
    ]));
}

#[test]
fn a_star_in_the_hour_field_means_every_hour_that_passes() {
    insta::assert_snapshot!(table(&[
        ("Europe/Berlin", "2026-03-29", "2026-03-30", "30 * * * *"),
        ("Europe/Berlin", "2026-10-25T01:00", "2026-10-26", "*/30 * * * *"),
        ("America/Santiago", "2026-04-04T21:00", "2026-04-06", "0 * * * *"),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-06", "45 * * * *"),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-05", "15 * * * *"),
        ("Africa/Cairo", "2026-10-29T21:00", "2026-10-31", "0 * * * *"),
    ]));
}

#[test]
fn calendars_with_holes_and_zones_without_changes_are_ordinary() {
    insta::assert_snapshot!(table(&[
        ("Pacific/Apia", "2011-12-28", "2012-01-02", "0 9 * * *"),
        ("Pacific/Apia", "2011-12-29", "2012-01-01", "0 */12 * * *"),
        ("Pacific/Apia", "2011-12-29", "2012-01-01", "0 * 30 * *"),
        ("Asia/Kathmandu", "2026-06-01", "2026-06-03", "15 9 * * *"),
        ("Asia/Seoul", "2026-12-31", "2027-01-02", "0 0,9 * * *"),
        ("UTC", "2026-02-27", "2026-03-02", "0 12 * * *"),
        ("UTC", "2026-01-01", "2026-06-01", "0 9 31 * *"),
        ("UTC", "2026-01-01", "2026-06-01", "0 9 L * *"),
        ("UTC", "2026-01-01", "2026-02-01", "0 9 13 * FRI"),
        ("UTC", "2026-01-01", "2026-02-01", "0 9 * * MON#2,FRIL"),
    ]));
}

/// Each zone around each change of its clocks: a fixed time within the change, and a pattern of every half hour that passes.
#[test]
fn twelve_zones_and_what_their_clocks_do() {
    insta::assert_snapshot!(table(&[
        ("Europe/Berlin", "2026-03-29T01:00", "2026-03-29T04:00", "30 2 * * *"),
        ("Europe/Berlin", "2026-03-29T01:00", "2026-03-29T04:00", "*/30 * * * *"),
        ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T04:00", "30 2 * * *"),
        ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T04:00", "*/30 * * * *"),
        ("America/New_York", "2026-03-08T01:00", "2026-03-08T04:00", "30 2 * * *"),
        ("America/New_York", "2026-03-08T01:00", "2026-03-08T04:00", "*/30 * * * *"),
        ("America/New_York", "2026-11-01T01:00", "2026-11-01T03:00", "30 1 * * *"),
        ("America/New_York", "2026-11-01T01:00", "2026-11-01T03:00", "*/30 * * * *"),
        ("Australia/Lord_Howe", "2026-10-04T01:30", "2026-10-04T03:30", "15 2 * * *"),
        ("Australia/Lord_Howe", "2026-10-04T01:30", "2026-10-04T03:30", "*/15 * * * *"),
        ("Australia/Lord_Howe", "2026-04-05T01:30", "2026-04-05T02:30", "45 1 * * *"),
        ("Australia/Lord_Howe", "2026-04-05T01:30", "2026-04-05T02:15", "*/15 * * * *"),
        ("America/Santiago", "2026-09-05T23:00", "2026-09-06T02:00", "15 0 * * *"),
        ("America/Santiago", "2026-09-05T23:00", "2026-09-06T02:00", "*/30 * * * *"),
        ("America/Santiago", "2026-04-04T23:00", "2026-04-05T00:30", "15 23 * * *"),
        ("America/Santiago", "2026-04-04T23:00", "2026-04-05T00:30", "*/30 * * * *"),
        ("Africa/Cairo", "2026-04-23T23:30", "2026-04-24T02:00", "0 0 * * *"),
        ("Africa/Cairo", "2026-04-23T23:30", "2026-04-24T02:00", "*/30 * * * *"),
        ("Africa/Cairo", "2026-10-29T23:00", "2026-10-30T01:00", "30 23 * * *"),
        ("Africa/Cairo", "2026-10-29T23:00", "2026-10-30T00:30", "*/30 * * * *"),
        ("Africa/Casablanca", "2026-02-15T02:00", "2026-02-15T04:00", "30 2 * * *"),
        ("Africa/Casablanca", "2026-02-15T02:00", "2026-02-15T04:00", "*/30 * * * *"),
        ("Africa/Casablanca", "2026-03-22T01:30", "2026-03-22T04:00", "30 2 * * *"),
        ("Africa/Casablanca", "2026-03-22T01:30", "2026-03-22T04:00", "*/30 * * * *"),
        ("Europe/Dublin", "2026-03-29T00:30", "2026-03-29T03:00", "30 1 * * *"),
        ("Europe/Dublin", "2026-03-29T00:30", "2026-03-29T03:00", "*/30 * * * *"),
        ("Europe/Dublin", "2026-10-25T01:00", "2026-10-25T02:30", "30 1 * * *"),
        ("Europe/Dublin", "2026-10-25T01:00", "2026-10-25T02:30", "*/30 * * * *"),
        ("Pacific/Apia", "2011-12-29T23:00", "2011-12-31T01:00", "30 0 * * *"),
        ("Pacific/Apia", "2011-12-29T23:00", "2011-12-31T01:00", "*/30 * * * *"),
        ("Pacific/Chatham", "2026-09-27T02:00", "2026-09-27T04:30", "0 3 * * *"),
        ("Pacific/Chatham", "2026-09-27T02:00", "2026-09-27T04:30", "*/30 * * * *"),
        ("Pacific/Chatham", "2026-04-05T02:45", "2026-04-05T04:00", "0 3 * * *"),
        ("Pacific/Chatham", "2026-04-05T02:45", "2026-04-05T04:00", "*/30 * * * *"),
        ("Asia/Kathmandu", "2026-03-29", "2026-03-29T02:00", "*/30 * * * *"),
        ("Asia/Seoul", "2026-03-29", "2026-03-29T02:00", "*/30 * * * *"),
        ("UTC", "2026-03-29", "2026-03-29T02:00", "*/30 * * * *"),
    ]));
}

#[test]
fn a_leap_day_on_one_weekday_is_found_though_it_is_decades_away() {
    let job = job("UTC", "cron: 0 9 29 2 +MON");
    let next = job.occurrences("2026-01-01T00:00:00Z".parse().expect("valid"), Timestamp::MAX, 1);
    assert_eq!(next.first().map(|one| one.nominal.as_str()), Some("2044-02-29T09:00:00"));
}

#[test]
fn from_and_until_are_inclusive_local_times() {
    let job = job("Asia/Seoul", "cron: 0 9,18 * * *\nfrom: 2026-12-01 18:00\nuntil: 2026-12-03\nexcept: 2026-12-02");
    let all = job.occurrences(Timestamp::MIN, Timestamp::MAX, 100);
    let nominal: Vec<&str> = all.iter().map(|one| one.nominal.as_str()).collect();
    assert_eq!(nominal, ["2026-12-01T18:00:00", "2026-12-03T09:00:00", "2026-12-03T18:00:00"]);
    assert_eq!(job.occurrences(all[0].at, all[1].at, 100), all[1..2], "after is exclusive, until inclusive");
}

#[test]
fn the_second_pass_of_an_hour_can_be_named_by_its_offset() {
    let job = job("Europe/Berlin", "at: [2026-10-25 02:30, 2026-10-25T02:30+01:00]");
    let all = job.occurrences(Timestamp::MIN, Timestamp::MAX, 100);
    let nominal: Vec<&str> = all.iter().map(|one| one.nominal.as_str()).collect();
    assert_eq!(nominal, ["2026-10-25T02:30:00", "2026-10-25T02:30:00~2"]);
}

const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Asia/Seoul",
    "UTC",
];

fn patterns() -> impl Strategy<Value = String> {
    let minute = prop::sample::select(vec!["0", "30", "*/15", "15,45", "*", "7-50/11"]);
    let hour = prop::sample::select(vec!["*", "2", "0", "23", "1-3", "*/2", "2,14", "0,23"]);
    let day = prop::sample::select(vec!["*", "*", "1", "15,29", "L", "*/5"]);
    let month = prop::sample::select(vec!["*", "*", "3,4", "9-12"]);
    let weekday = prop::sample::select(vec!["*", "*", "SUN", "MON-FRI", "SUN#1", "SUNL"]);
    (minute, hour, day, month, weekday).prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn occurrences_rise_within_their_bounds_and_a_cut_changes_nothing(
        pattern in patterns(),
        zone in prop::sample::select(ZONES.to_vec()),
        // 2011 has Apia's missing day, 2026 the others' changes.
        year in prop::sample::select(vec![2011, 2026]),
        start_hour in 0..8_000_i64,
        days in 1..40_i64,
        cuts in prop::collection::vec(0..40_i64 * 24 * 60, 0..6),
        every in prop::sample::select(vec!["", "", "\nevery: 2 weeks\nfrom: 2010-06-05", "\nevery: 3 days\nfrom: 2011-02-28 12:00", "\nevery: 5 months\nfrom: 2009-12-31"]),
    ) {
        let job = job(zone, &format!("cron: \"{pattern}\"{every}"));
        let year: Timestamp = format!("{year}-01-01T00:00:00Z").parse().expect("valid");
        let start = year.checked_add(start_hour.hours()).expect("in range");
        let end = start.checked_add((days * 24).hours()).expect("in range");
        let whole = job.occurrences(start, end, usize::MAX);
        for pair in whole.windows(2) {
            prop_assert!(pair[0].at < pair[1].at, "{pair:?}");
            prop_assert!(pair[0].nominal != pair[1].nominal, "{pair:?}");
        }
        prop_assert!(whole.iter().all(|one| start < one.at && one.at <= end));

        let mut bounds: Vec<Timestamp> =
            cuts.iter().map(|minute| start.checked_add(minute.minutes()).expect("in range")).collect();
        bounds.extend([start, end]);
        bounds.retain(|at| start <= *at && *at <= end);
        bounds.sort();
        let pieces: Vec<Occurrence> =
            bounds.windows(2).flat_map(|pair| job.occurrences(pair[0], pair[1], usize::MAX)).collect();
        prop_assert_eq!(&pieces, &whole);

        let one_by_one: Vec<Occurrence> =
            std::iter::successors(job.occurrences(start, end, 1).pop(), |last| job.occurrences(last.at, end, 1).pop())
                .take(50)
                .collect();
        prop_assert_eq!(&one_by_one[..], &whole[..one_by_one.len()]);
    }
}

#[test]
fn a_pattern_of_both_days_that_is_over_names_no_next_days() {
    let told = |until: &str| {
        let lines = format!("cron: \"0 9 13 * FRI\", until: {until}, type: note, content: x");
        let file = format!("version: 1\nzone: UTC\naccount: a\njobs:\n  one: {{{lines}}}\n");
        let dir = folder(&[("jobs.yaml", &file)]);
        let plan = plan::load(&[dir.path().to_owned()], crate::plan_load::now()).expect("it loads");
        storyd::yaml::problem::render(&plan.warnings, storyd::yaml::problem::Paint::Plain)
    };
    assert!(told("2027-12-31").contains("the next days are Fri 2026-11-27"), "{}", told("2027-12-31"));
    let over = told("2025-12-31");
    assert!(over.contains("W034") && !over.contains("next days"), "{over}");
    assert!(over.contains("W036"), "{over}");
}

/// Every second week, and the like, in civil time: the first `count` of each, by their local times.
#[test]
fn a_step_is_counted_from_the_first_day_by_the_calendar() {
    for (lines, expected) in [
        (
            "cron: 0 9 * * MON\nevery: 2 weeks\nfrom: 2026-12-07",
            ["2026-12-07 09:00", "2026-12-21 09:00", "2027-01-04 09:00"],
        ),
        (
            "cron: 0 9 * * MON\nevery: 2 weeks\nfrom: 2026-12-08",
            ["2026-12-14 09:00", "2026-12-28 09:00", "2027-01-11 09:00"],
        ),
        (
            "cron: 0 9 * * MON\nevery: 2 weeks\nfrom: 2026-12-07 10:00",
            ["2026-12-14 09:00", "2026-12-28 09:00", "2027-01-11 09:00"],
        ),
        (
            "cron: 0 9 * * MON,THU\nevery: 2 weeks\nfrom: 2026-12-10",
            ["2026-12-10 09:00", "2026-12-21 09:00", "2026-12-24 09:00"],
        ),
        ("every: 2 weeks\nfrom: 2026-12-03 17:30", ["2026-12-03 17:30", "2026-12-17 17:30", "2026-12-31 17:30"]),
        ("every: 10 days\nfrom: 2026-12-25 09:00", ["2026-12-25 09:00", "2027-01-04 09:00", "2027-01-14 09:00"]),
        ("every: 5 months\nfrom: 2026-12-15 09:00", ["2026-12-15 09:00", "2027-05-15 09:00", "2027-10-15 09:00"]),
        (
            "cron: 0 9 L * *\nevery: 2 months\nfrom: 2026-12-01",
            ["2026-12-31 09:00", "2027-02-28 09:00", "2027-04-30 09:00"],
        ),
        (
            "cron: 0 9,18 * * *\nevery: 3 days\nfrom: 2026-12-01",
            ["2026-12-01 09:00", "2026-12-01 18:00", "2026-12-04 09:00"],
        ),
        (
            "cron: 0 9 * * MON\nevery: 2 weeks\nfrom: 2026-12-07\nexcept: 2026-12-21",
            ["2026-12-07 09:00", "2027-01-04 09:00", "2027-01-18 09:00"],
        ),
        (
            "every: 1 week\nfrom: 2026-12-03 17:30\nuntil: 2026-12-31",
            ["2026-12-03 17:30", "2026-12-10 17:30", "2026-12-17 17:30"],
        ),
    ] {
        let job = job("Asia/Seoul", lines);
        let found = job.occurrences(crate::plan_load::now(), Timestamp::MAX, 3);
        let local: Vec<String> = found.iter().map(|one| one.nominal.replace('T', " ")[..16].to_owned()).collect();
        assert_eq!(local, expected, "{lines}");
    }
    // The clocks of Berlin change between these Sundays, and the local time stays.
    let berlin = job("Europe/Berlin", "cron: 30 2 * * SUN\nevery: 2 weeks\nfrom: 2026-03-15");
    let shown: Vec<String> = berlin
        .occurrences("2026-03-01T00:00:00Z".parse().expect("valid"), Timestamp::MAX, 3)
        .iter()
        .map(|one| shown(&berlin, one))
        .collect();
    assert_eq!(shown, ["03-15 02:30 (+01)", "03-29 02:30 → 03:00 (+02)", "04-12 02:30 (+02)"]);
}
