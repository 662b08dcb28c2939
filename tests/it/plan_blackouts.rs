//! Blackouts, quiet hours and jitter as a job file says them, and the warnings that name dates.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use storyd::plan::{self, Plan};
use storyd::yaml::problem::{Paint, render};

use crate::plan_load::folder;

fn load(head: &str, schedule: &str) -> Plan {
    let file = format!(
        "version: 1\nzone: Asia/Seoul\naccount: a\n{head}jobs:\n  menu:\n    type: note\n    content: x\n    {}\n",
        schedule.replace('\n', "\n    ")
    );
    let dir = folder(&[("jobs.yaml", &file)]);
    plan::load(&[dir.path().to_owned()], at("2026-11-10T00:00:00Z")).unwrap_or_else(|problems| panic!("{problems}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Each occurrence of December 2026 with what becomes of it, a line each.
fn december(plan: &Plan) -> String {
    let job = &plan.jobs["menu"];
    let all = job.occurrences(at("2026-11-30T15:00:00Z"), at("2026-12-31T14:59:59Z"), 100);
    let line = |nominal: &str, from: Timestamp| {
        let (occurs_at, falls_in) = job.placed(nominal, from, &[]);
        let local = job.time_zone.to_datetime(occurs_at).strftime("%a %m-%d %H:%M:%S");
        let falls_in = falls_in.map_or_else(String::new, |falls_in| format!("  {falls_in}"));
        format!("{}  →  {local}{falls_in}", job.time_zone.to_datetime(from).strftime("%a %m-%d %H:%M"))
    };
    all.iter().map(|one| line(&one.nominal, one.at)).collect::<Vec<_>>().join("\n")
}

#[test]
fn quiet_hours_move_holidays_are_skipped_and_a_launch_is_held() {
    let head = "blackouts:\n\
        - {hours: 21:00-08:00, weekdays: MON-THU, reason: quiet hours, then: move}\n\
        - {dates: 2026-12-24..2026-12-26, reason: Christmas, then: skip}\n\
        - {dates: [2026-12-10, 2026-12-11], hours: 12:00-20:00, reason: launch of the new menu, then: hold}\n";
    insta::assert_snapshot!(december(&load(head, "cron: 30 7,13,21 9-12,23-27 12 *")));
}

#[test]
fn a_pattern_none_of_whose_posts_goes_out_is_told_with_the_reasons() {
    for (blackouts, schedule, said) in [
        ("- {weekdays: MON, reason: closed, then: skip}", "cron: 0 9 * * MON", Some("(closed)")),
        ("- {weekdays: MON, reason: closed, then: hold}", "cron: 0 9 * * MON", Some("(closed)")),
        ("- {weekdays: MON, reason: closed, then: skip}", "every: 1 week\nfrom: 2026-11-16 09:00", Some("(closed)")),
        (
            "- {weekdays: MON, reason: closed, then: skip}\n- {weekdays: TUE, reason: stock, then: skip}",
            "cron: 0 9 * * MON,TUE",
            Some("(closed, stock)"),
        ),
        ("- {hours: 22:00-08:00, reason: quiet, then: skip}", "cron: 0 23 * * *", Some("(quiet)")),
        ("- {weekdays: MON, reason: closed, then: move}", "cron: 0 9 * * MON", None),
        ("- {weekdays: MON, reason: closed, then: skip}", "cron: 0 9 * * MON,TUE", None),
        ("- {dates: 2026-12-25, reason: Christmas, then: skip}", "cron: 0 9 25 12 *", Some("(Christmas)")),
        ("- {dates: 2026-12-25, reason: Christmas, then: skip}", "cron: 0 9 25 * *", None),
    ] {
        let plan = load(&format!("blackouts:\n{blackouts}\n"), schedule);
        let told: Vec<_> = plan.warnings.iter().map(|problem| problem.message.as_str()).collect();
        let named = told.first().is_some_and(|told| said.is_some_and(|said| told.ends_with(said)));
        assert!(told.len() == usize::from(said.is_some()) && (said.is_none() || named), "{schedule}: {told:?}");
    }
}

#[test]
fn jitter_is_drawn_once_for_each_occurrence_and_ends_before_quiet_hours_begin_or_after_they_end() {
    let head = "blackouts:\n- {hours: 09:05-09:20, reason: stand-up, then: move}\n";
    let plan = load(head, "cron: 0 9 1-12 12 *\njitter: 10m");
    insta::assert_snapshot!(december(&plan));
    let job = &plan.jobs["menu"];
    for one in job.occurrences(at("2026-11-30T15:00:00Z"), at("2026-12-31T00:00:00Z"), 100) {
        let (occurs_at, _) = job.placed(&one.nominal, one.at, &[]);
        assert!(one.at <= occurs_at && occurs_at.duration_since(one.at) <= jiff::SignedDuration::from_mins(20));
        assert_eq!(job.placed(&one.nominal, one.at, &[]), job.placed(&one.nominal, one.at, &[]));
    }
}

#[test]
fn a_job_without_jitter_and_blackouts_goes_out_when_its_schedule_says() {
    let plan = load("", "at: [now, 2026-12-01 09:00]");
    let nine = at("2026-12-01T00:00:00Z");
    assert_eq!(plan.jobs["menu"].placed("2026-12-01T09:00:00", nine, &[]), (nine, None));
    let jittered = load("defaults: {jitter: 1h}\n", "at: now");
    assert_eq!(jittered.jobs["menu"].placed("now", nine, &[]), (nine, None), "`now` means now");
}

#[test]
fn a_pattern_that_names_days_and_weekdays_is_shown_with_its_next_five_days() {
    let plan = load("", "cron: 0 9 13 * FRI");
    insta::assert_snapshot!(
        render(&plan.warnings, Paint::Plain).replace(&plan.files[0].parent().unwrap().display().to_string(), "")
    );
    for clear in ["0 9 13 * *", "0 9 * * FRI", "0 9 13 * +FRI", "0 9 ? * FRI"] {
        assert_eq!(load("", &format!("cron: {clear}")).warnings, [], "{clear}");
    }
}

#[test]
fn the_rules_of_a_zone_change_and_the_local_times_stay() {
    let mut plan = load("", "cron: 0 9 * * *");
    let job = plan.jobs.get_mut("menu").unwrap();
    let span = (at("2026-12-01T00:00:00Z"), at("2026-12-05T00:00:00Z"));
    let before = job.occurrences(span.0, span.1, 9);
    job.time_zone = TimeZone::posix("KST-10").unwrap();
    let after = job.occurrences(span.0, span.1, 9);
    let names = |all: &[plan::Occurrence]| all.iter().map(|one| one.nominal.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before)[..3], names(&after)[..3]);
    assert!(before.iter().zip(&after).all(|(one, other)| one.at != other.at));
}
