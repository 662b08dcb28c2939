//! What is decided of every kind of evidence: a table, and two clocks that no table may hold back or let go.

use super::*;

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().expect("valid")
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Nothing is known but that the zone rules are of this year.
fn nothing() -> ClockEvidence {
    ClockEvidence {
        now: now(),
        earliest: "2026-01-01T00:00:00Z".parse().expect("valid"),
        written_at: None,
        steady: None,
        answers: Vec::new(),
        rounds: ROUNDS_MAX,
        word: false,
        in_doubt: false,
    }
}

impl ClockEvidence {
    /// Each of these sources says, three times, that the clock is so many seconds ahead.
    fn told(self, ahead: &[i64]) -> Self {
        let answers = ahead.iter().map(|ahead| Opinion { ahead: secs(*ahead), answers: 3 }).collect();
        Self { answers, ..self }
    }

    /// The steady clock says that it was set ahead by so many seconds since it was confirmed.
    fn set(self, ahead: i64) -> Self {
        Self { steady: Some(SteadyVerdict { ahead: secs(ahead), confirmed: true }), ..self }
    }

    fn set_unconfirmed(self, ahead: i64) -> Self {
        Self { steady: Some(SteadyVerdict { ahead: secs(ahead), confirmed: false }), ..self }
    }

    /// The queue was last written so many seconds ago by this clock.
    fn written(self, ago: i64) -> Self {
        Self { written_at: Some(self.now - secs(ago)), ..self }
    }

    fn by(self, now: &str) -> Self {
        Self { now: now.parse().expect("valid"), ..self }
    }
}

/// `right`, `unconfirmed`, `doubt`, `ask`.
fn word(evidence: &ClockEvidence) -> &'static str {
    match verdict(evidence) {
        ClockVerdict::Right => "right",
        ClockVerdict::Unconfirmed => "unconfirmed",
        ClockVerdict::Ask => "ask",
        ClockVerdict::Doubt(_) => "doubt",
    }
}

#[test]
fn every_kind_of_evidence_has_its_verdict() {
    let cases = [
        // A clock that is right, and servers that are.
        ("a first start, one account", nothing().told(&[0]), "right"),
        ("a first start, two accounts", nothing().told(&[0, 1]), "right"),
        ("off by a minute and a half, which is told and no more", nothing().told(&[90]), "right"),
        ("a restart after three days", nothing().written(3 * DAY).told(&[0]), "right"),
        ("a restart after half a year", nothing().written(180 * DAY).told(&[0]), "right"),
        ("a quick restart without a server", nothing().set(0).written(30), "right"),
        ("NTP steps of seconds", nothing().set(3), "right"),
        ("a step of 36 s", nothing().set(36), "right"),
        ("a leap second", nothing().set(-1), "right"),
        ("a machine that was paused for two hours", nothing().set(2 * 3600).told(&[0]), "right"),
        ("the same, and one of three accounts lies", nothing().set(2 * 3600).told(&[0, 0, 5 * DAY]), "right"),
        ("the same, and one of two accounts lies", nothing().set(2 * 3600).told(&[0, 5 * DAY]), "right"),
        ("set right again after it was wrong", nothing().set(-60 * DAY).told(&[0]), "right"),
        // Servers that lie about a clock that is right.
        ("running, the one account lies", nothing().set(0).told(&[60 * DAY]), "right"),
        ("running, one of two accounts lies", nothing().set(0).told(&[60 * DAY, 0]), "right"),
        ("running, two accounts lie differently", nothing().set(0).told(&[60 * DAY, -DAY]), "right"),
        ("a first start, one of two accounts lies", nothing().told(&[-60 * DAY, 0]), "right"),
        ("a start of the machine, one of two accounts lies", nothing().written(DAY).told(&[0, 60 * DAY]), "right"),
        ("two of five lie alike", nothing().told(&[0, 0, 0, 60 * DAY, 60 * DAY]), "right"),
        // A clock that is wrong.
        ("a first start 10 min ahead", nothing().told(&[600]), "doubt"),
        ("a first start a day behind", nothing().told(&[-DAY]), "doubt"),
        ("a first start 60 d ahead, two accounts", nothing().told(&[60 * DAY, 60 * DAY]), "doubt"),
        ("a first start 10 years ahead", nothing().by("2036-12-01T00:00:00Z").told(&[3_652 * DAY]), "doubt"),
        ("a first start in 2016, without a server", nothing().by("2016-12-01T00:00:00Z"), "doubt"),
        ("a start before the queue was last written", nothing().written(-DAY), "doubt"),
        ("a start 60 d after it, without a server", nothing().written(60 * DAY), "doubt"),
        ("set ahead by ten minutes while running", nothing().set(600).told(&[600]), "doubt"),
        ("set ahead by 10 years, no server answers", nothing().set(3_652 * DAY), "doubt"),
        ("set back by 10 years, no server answers", nothing().set(-3_652 * DAY), "doubt"),
        ("slowly off by three minutes, as two accounts say", nothing().set(0).told(&[180, 180]), "doubt"),
        (
            "a wrong clock that went on without a server, and then one answers",
            nothing().set_unconfirmed(0).told(&[DAY]),
            "doubt",
        ),
        // A server that lies for a wrong clock.
        ("set 60 d ahead, one of two accounts agrees", nothing().set(60 * DAY).told(&[0, 60 * DAY]), "doubt"),
        ("wrong from the start, one of three agrees", nothing().told(&[0, 60 * DAY, 60 * DAY]), "doubt"),
        // No server.
        ("a first start without a server", nothing(), "unconfirmed"),
        ("a restart after three days without a server", nothing().written(3 * DAY), "unconfirmed"),
        ("the same clock still, and no server yet", nothing().set_unconfirmed(0), "unconfirmed"),
        // Not asked yet.
        ("a first start", ClockEvidence { rounds: 0, ..nothing() }, "ask"),
        ("set, and not asked yet", ClockEvidence { rounds: 0, ..nothing().set(7_200) }, "ask"),
        ("one answer that differs", ClockEvidence { rounds: 1, ..nothing().told(&[DAY]) }, "ask"),
    ];
    for (what, evidence, is) in cases {
        assert_eq!(word(&evidence), is, "{what}: {:?}", verdict(&evidence));
    }
}

#[test]
fn a_persons_word_stands_above_all() {
    for evidence in [nothing().told(&[DAY, DAY]), nothing().set(DAY), nothing().by("2016-01-01T00:00:00Z")] {
        assert_eq!(word(&ClockEvidence { word: true, ..evidence }), "right");
    }
}

#[test]
fn one_answer_confirms_no_clock_that_was_set() {
    let one =
        ClockEvidence { answers: vec![Opinion { ahead: secs(0), answers: 1 }], rounds: 1, ..nothing().set(7_200) };
    assert_eq!(word(&one), "ask");
    let two = ClockEvidence { answers: vec![Opinion { ahead: secs(0), answers: 2 }], ..one };
    assert_eq!(word(&two), "right");
}

#[test]
fn a_doubt_ends_below_the_limit_at_which_it_began() {
    for (ahead, in_doubt, is) in
        [(119, false, "right"), (121, false, "doubt"), (100, true, "doubt"), (80, true, "right")]
    {
        assert_eq!(word(&ClockEvidence { in_doubt, ..nothing().told(&[ahead]) }), is, "{ahead} s, {in_doubt}");
    }
}

#[test]
fn no_single_source_stops_a_clock_that_the_steady_clock_bears_out_or_confirms_one_that_it_refutes() {
    for lie in [-3_652 * DAY, -DAY, -600, 600, 3_600, DAY, 60 * DAY, 3_652 * DAY] {
        for others in 0..4 {
            let right = vec![0; others];
            let told: Vec<i64> = right.iter().copied().chain([lie]).collect();
            assert_eq!(word(&nothing().set(0).told(&told)), "right", "{others} others, a lie of {lie} s");
            // The clock is wrong by as much, so that the liar alone agrees with it.
            let told: Vec<i64> = vec![lie; others + 1].into_iter().chain([0]).collect();
            assert_eq!(word(&nothing().set(lie).told(&told)), "doubt", "{others} others, wrong by {lie} s");
        }
    }
}

/// What the program did before there was a decision: it acted by whatever the clock said.
#[test]
fn to_act_at_once_is_the_mistake_that_the_table_catches() {
    let act_at_once = |_: &ClockEvidence| ClockVerdict::Right;
    let wrong = nothing().set(60 * DAY).told(&[60 * DAY]);
    assert_ne!(verdict(&wrong), act_at_once(&wrong));
}
