//! How many posts the schedules make: for one account on one day, and of all patterns within a period. Pure; counts no further than it must.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::rule::Schedule;
use crate::domain::clock::later;
use crate::plan::job::Job;
use crate::yaml::problem::{Code, Problem};

/// Posts of an account on one day from which on a person is asked whether they are meant: more than one every half hour, day and night.
const MANY_A_DAY: usize = 48;
/// How far ahead days are looked at: a pattern that posts densely on one weekday, or one day of a month, is seen.
const LOOKED_AT: std::time::Duration = std::time::Duration::from_secs(35 * 86_400);
/// Most occurrences of one job that are looked at: a job that has more of them within these days is dense by itself.
const OCCURRENCES_MAX: usize = 4_000;

/// The warnings of accounts that get very many posts on one day, one an account: it names the job with most of them.
pub(crate) fn many_a_day(jobs: &BTreeMap<String, Job>, now: Timestamp) -> Vec<Problem> {
    let mut days: BTreeMap<(&str, Date), BTreeMap<&str, usize>> = BTreeMap::new();
    for job in jobs.values() {
        for one in job.occurrences(now, later(now, LOOKED_AT), OCCURRENCES_MAX) {
            let day = job.time_zone.to_datetime(one.at).date();
            *days.entry((&job.account, day)).or_default().entry(&job.name).or_default() += 1;
        }
    }
    let mut fullest: BTreeMap<&str, (usize, Date, &str, usize)> = BTreeMap::new();
    for ((account, day), of_jobs) in &days {
        let all = of_jobs.values().sum();
        let most = of_jobs.iter().max_by_key(|(_, posts)| **posts);
        if let Some((job, posts)) = most.filter(|_| all > fullest.get(account).map_or(MANY_A_DAY, |(most, ..)| *most)) {
            fullest.insert(account, (all, *day, job, *posts));
        }
    }
    let warning = |(account, (all, day, name, posts)): (&str, (usize, Date, &str, usize))| {
        let job = jobs.get(name)?;
        let day = day.strftime("%a %Y-%m-%d");
        let message = match all == posts {
            true => format!("job `{name}` makes {all} posts for `{account}` on {day}"),
            false => format!("`{account}` gets {all} posts on {day}, {posts} of them from job `{name}`"),
        };
        let warning = Problem::at_place(Code::ManyADay, &job.place, message);
        let help = match &job.schedule {
            Schedule::Cron(_) => {
                "is a field of `cron` wrong? They are minute, hour, day of the month, month, weekday: `0 9 * * *` posts once a day at nine"
            }
            Schedule::Once(_) => "give some of them another day, or another account",
        };
        Some(warning.help(help))
    };
    fullest.into_iter().filter_map(warning).collect()
}

/// The error of jobs whose patterns make more than `most` posts until then.
pub(crate) fn too_many(jobs: &BTreeMap<String, Job>, now: Timestamp, until: Timestamp, most: usize) -> Option<Problem> {
    let mut all = 0_usize;
    let mut densest: Option<(&Job, usize)> = None;
    for job in jobs.values().filter(|job| matches!(job.schedule, Schedule::Cron(_))) {
        // One more than is allowed tells as much as all of them.
        let posts = job.occurrences(now, until, most.saturating_add(1)).len();
        all = all.saturating_add(posts);
        if densest.is_none_or(|(_, most)| posts > most) {
            densest = Some((job, posts));
        }
        if posts > most {
            break;
        }
    }
    let (job, posts) = densest.filter(|_| all > most)?;
    let hours = until.duration_since(now).as_hours();
    let ahead = if hours % 24 == 0 { format!("{} days", hours / 24) } else { format!("{hours} hours") };
    let message = match posts > most {
        true => format!("job `{}` makes more than {most} posts within {ahead}", job.name),
        false => format!(
            "the jobs make {all} posts within {ahead}, {posts} of them job `{}`; at most {most} are allowed",
            job.name
        ),
    };
    let problem = Problem::at_place(Code::TooManyPosts, &job.place, message);
    Some(
        problem
            .help("is a field of `cron` wrong? They are minute, hour, day of the month, month, weekday: `0 9 * * *` posts once a day at nine")
            .help("if all of them are meant, write `max_planned: NUMBER` in storyd.yaml"),
    )
}
