//! What keeps a post waiting beside its own time: a pause, a block, the pace of its account, a doubt, a blackout. One answer for every view.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::post::PostState;
use crate::domain::telling::{instant, length};
use crate::store::error::Result;
use crate::store::values::{instant as stored, instant_opt, read_json};

/// A post that is later than this counts as late: the pace between late posts holds for it.
const LATE: i64 = 60_000_000;

/// Something that a post waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// Which kind.
    pub what: WaitKind,
    /// Not before this instant; `None`: until somebody, or something else, ends it.
    pub until: Option<Timestamp>,
    /// In words.
    pub why: String,
}

/// The kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// A person has paused it.
    Pause,
    /// Its account is turned away.
    Block,
    /// The gap between two stories of its account.
    Gap,
    /// Its account has posted as many stories within a day as it may.
    Limit,
    /// The gap between two posts of its account that are late.
    CatchUp,
    /// Another post of its account is in doubt, or on its way.
    Doubt,
    /// Its own time falls into a blackout: it was moved to its end.
    Blackout,
    /// It is held because the job files ask for it no more, like most of what its account has waiting.
    Withdrawal,
}

impl WaitKind {
    /// One word for a list.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pause => "paused",
            Self::Block => "account blocked",
            Self::Gap | Self::CatchUp => "gap",
            Self::Limit => "limit of a day",
            Self::Doubt => "behind a doubt",
            Self::Blackout => "moved by a blackout",
            Self::Withdrawal => "left the job files",
        }
    }
}

/// What is known of a waiting post and its account. Microseconds, as the database has them.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) account: String,
    pub(super) zone: String,
    pub(super) due_at: i64,
    /// When it should appear, by its file or by a person.
    pub(super) planned_at: i64,
    pub(super) nominal_at: i64,
    pub(super) blackout: Option<String>,
    pub(super) blocked: Option<String>,
    /// The pace of the account, and before when nothing is published, and nothing that is late.
    pub(super) min_gap: i64,
    pub(super) catch_up_gap: i64,
    pub(super) max_per_day: Option<i64>,
    pub(super) next_at: i64,
    pub(super) next_late_at: i64,
    /// When the account's latest story came to exist.
    pub(super) last_at: Option<i64>,
    /// The pauses that cover it, as JSON.
    pub(super) pauses: String,
    /// A post of the account in doubt that holds it up.
    pub(super) doubt: Option<i64>,
    /// Whether it left the job files; told of one that is held.
    pub(super) lost: bool,
}

/// A pause as SQL gives it.
#[derive(Deserialize)]
struct Pause {
    scope: String,
    target: String,
    actor: String,
    reason: String,
    until_at: Option<i64>,
}

/// All that it waits for, the strongest first; whether an end has passed already is for whoever knows the time.
pub(super) fn waits(state: PostState, facts: &Facts) -> Result<Vec<Waits>> {
    if state == PostState::Held && facts.lost {
        let why = "the job files ask for it no more, and for most of what its account has waiting: it goes on by itself when they do so \
                   again, and `storyd admin accept` withdraws it";
        return Ok(vec![Waits { what: WaitKind::Withdrawal, until: None, why: why.to_owned() }]);
    }
    if state != PostState::Scheduled {
        return Ok(Vec::new());
    }
    let mut all = pauses(facts)?;
    if let Some(reason) = &facts.blocked {
        all.push(Waits { what: WaitKind::Block, until: None, why: format!("{} is blocked: {reason}", facts.account) });
    }
    all.extend(pace(facts)?);
    if let Some(post) = facts.doubt {
        let why = format!("post {post} of {} is in doubt, and two doubts cannot be told apart", facts.account);
        all.push(Waits { what: WaitKind::Doubt, until: None, why });
    }
    if let Some(why) = facts.blackout.as_ref().and_then(|blackout| blackout.strip_prefix("move: ")) {
        let until = Some(stored(facts.due_at)?);
        let from = instant(stored(facts.nominal_at)?, &facts.zone);
        all.push(Waits {
            what: WaitKind::Blackout,
            until,
            why: format!("moved from {from}, which falls into a blackout: {why}"),
        });
    }
    Ok(all)
}

fn pauses(facts: &Facts) -> Result<Vec<Waits>> {
    let pauses: Vec<Pause> = read_json(&facts.pauses, "pauses")?;
    // One that ends before the post falls due keeps nothing back.
    let holds = |pause: &Pause| pause.until_at.is_none_or(|until| until > facts.due_at);
    let told = pauses.into_iter().filter(holds).map(|pause| {
        let what = match pause.scope.as_str() {
            "all" => "everything is".to_owned(),
            "restore" => format!("account {} is", pause.target),
            scope => format!("{scope} {} is", pause.target),
        };
        let why = if pause.reason.is_empty() { String::new() } else { format!(": {}", pause.reason) };
        let why = format!("{what} paused by {}{why}", pause.actor);
        Ok(Waits { what: WaitKind::Pause, until: instant_opt(pause.until_at)?, why })
    });
    told.collect()
}

fn pace(facts: &Facts) -> Result<Vec<Waits>> {
    let span = |gap: i64| length(Duration::from_micros(u64::try_from(gap).unwrap_or(0)));
    let account = &facts.account;
    let mut all = Vec::new();
    if facts.next_at > facts.due_at {
        let by_gap =
            facts.min_gap > 0 && facts.last_at.is_some_and(|at| at.saturating_add(facts.min_gap) >= facts.next_at);
        let (what, why) = match facts.max_per_day {
            Some(max) if !by_gap => {
                let stories = if max == 1 { "1 story".to_owned() } else { format!("{max} stories") };
                (WaitKind::Limit, format!("{account} has posted {stories} within a day, as many as it may"))
            }
            _ => (WaitKind::Gap, format!("{} between two stories of {account}", span(facts.min_gap))),
        };
        all.push(Waits { what, until: Some(stored(facts.next_at)?), why });
    }
    // It is late by the time at which it could go out.
    if facts.next_late_at > facts.due_at
        && facts.next_late_at - facts.planned_at > LATE
        && facts.next_late_at > facts.next_at
    {
        let why = format!("{} between two late posts of {account}", span(facts.catch_up_gap));
        all.push(Waits { what: WaitKind::CatchUp, until: Some(stored(facts.next_late_at)?), why });
    }
    Ok(all)
}

/// Those of them that have not ended at `now`.
pub fn standing(waits: &[Waits], now: Timestamp) -> Vec<Waits> {
    waits.iter().filter(|wait| wait.until.is_none_or(|until| until > now)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::values::micros;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("valid")
    }

    fn facts() -> Facts {
        let nine = micros(at("2026-12-01T00:00:00Z"));
        let (account, zone, pauses) = ("cafe".to_owned(), "Asia/Seoul".to_owned(), "[]".to_owned());
        Facts { account, zone, pauses, due_at: nine, planned_at: nine, nominal_at: nine, ..Facts::default() }
    }

    fn told(facts: &Facts, now: &str) -> Vec<(WaitKind, String)> {
        let all = waits(PostState::Scheduled, facts).expect("read");
        standing(&all, at(now)).into_iter().map(|wait| (wait.what, wait.why)).collect()
    }

    #[test]
    fn whatever_a_post_waits_for_is_told_as_long_as_it_lasts() {
        let minutes = |minutes: i64| micros(at("2026-12-01T00:00:00Z")) + minutes * 60_000_000;
        let pause = |scope: &str, until: Option<i64>| {
            serde_json::json!([{"scope": scope, "target": "cafe", "actor": "anna", "reason": "holiday", "until_at": until}]).to_string()
        };
        let gap = Facts { min_gap: 600_000_000, next_at: minutes(10), last_at: Some(minutes(0)), ..facts() };
        let limit = Facts { max_per_day: Some(3), next_at: minutes(700), last_at: Some(minutes(-5)), ..facts() };
        let late = Facts { catch_up_gap: 120_000_000, next_late_at: minutes(5), planned_at: minutes(-30), ..facts() };
        #[expect(clippy::type_complexity, reason = "a table of cases")]
        let cases: [(Facts, &str, &[(WaitKind, &str)]); 13] = [
            (facts(), "2026-12-01T00:01:00Z", &[]),
            (gap.clone(), "2026-12-01T00:01:00Z", &[(WaitKind::Gap, "10 min between two stories of cafe")]),
            (gap.clone(), "2026-12-01T00:10:00Z", &[]),
            (
                limit.clone(),
                "2026-12-01T00:01:00Z",
                &[(WaitKind::Limit, "cafe has posted 3 stories within a day, as many as it may")],
            ),
            (
                Facts { min_gap: 60_000_000, ..limit },
                "2026-12-01T00:01:00Z",
                &[(WaitKind::Limit, "cafe has posted 3 stories within a day, as many as it may")],
            ),
            (
                Facts { max_per_day: Some(9), ..gap.clone() },
                "2026-12-01T00:01:00Z",
                &[(WaitKind::Gap, "10 min between two stories of cafe")],
            ),
            (late, "2026-12-01T00:01:00Z", &[(WaitKind::CatchUp, "2 min between two late posts of cafe")]),
            (
                Facts { pauses: pause("account", None), ..facts() },
                "2026-11-01T00:00:00Z",
                &[(WaitKind::Pause, "account cafe is paused by anna: holiday")],
            ),
            (
                Facts { pauses: pause("all", Some(minutes(5))), ..facts() },
                "2026-12-01T00:01:00Z",
                &[(WaitKind::Pause, "everything is paused by anna: holiday")],
            ),
            // It ends before the post falls due.
            (Facts { pauses: pause("all", Some(minutes(-5))), ..facts() }, "2026-11-30T23:50:00Z", &[]),
            // It has ended.
            (Facts { pauses: pause("tag", Some(minutes(-5))), ..facts() }, "2026-12-01T00:01:00Z", &[]),
            (
                Facts { blackout: Some("move: quiet hours".into()), nominal_at: minutes(-60), ..facts() },
                "2026-11-30T00:00:00Z",
                &[(
                    WaitKind::Blackout,
                    "moved from Tue 2026-12-01 08:00 KST, which falls into a blackout: quiet hours",
                )],
            ),
            (
                Facts { blocked: Some("no consent".into()), doubt: Some(7), ..facts() },
                "2026-12-01T00:01:00Z",
                &[
                    (WaitKind::Block, "cafe is blocked: no consent"),
                    (WaitKind::Doubt, "post 7 of cafe is in doubt, and two doubts cannot be told apart"),
                ],
            ),
        ];
        for (facts, now, expected) in cases {
            let expected: Vec<(WaitKind, String)> =
                expected.iter().map(|(kind, why)| (*kind, (*why).to_owned())).collect();
            assert_eq!(told(&facts, now), expected, "{facts:?} at {now}");
        }
    }

    #[test]
    fn what_does_not_wait_waits_for_nothing() {
        let facts = Facts { blocked: Some("no consent".into()), next_at: i64::MAX / 2, ..facts() };
        for state in PostState::ALL.into_iter().filter(|state| *state != PostState::Scheduled) {
            assert!(waits(state, &facts).expect("read").is_empty(), "{state}");
        }
    }
}
