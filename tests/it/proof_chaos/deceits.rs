//! What Kakao tells that is not so while the daemons live and die: deceits that last for many lives, since a doubt does too.
//!
//! They are drawn by a chance of their own: with them or without, a seed gives the same jobs, faults, edits and deaths.

use crate::support::chaos::Dice;

/// Every rule that can be drawn, but for its probability. Those that a story is kept with outlive the lies of the lists: when all is quiet
/// again its text, or its time, is still another one. Dates are wrong for one account alone: where most are, the clock is in doubt and the
/// daemon does nothing at all until they are right again (`story_clock_doubt`).
pub(super) const RULES: [(&str, &str); 66] = [
    ("date-ahead", ",by=90s,account=account1"),
    ("date-ahead", ",by=9h,account=account1"),
    ("date-ahead", ",by=1440h,account=account1"),
    ("date-behind", ",by=2m,account=account1"),
    ("date-behind", ",by=1h,account=account1"),
    ("date-scattered", ",by=10m,account=account1"),
    ("date-frozen", ",account=account1"),
    ("date-missing", ",account=account1"),
    ("date-words", ",account=account1"),
    ("created-ahead", ",by=40s"),
    ("created-ahead", ",by=9h"),
    ("created-behind", ",by=40s"),
    ("created-behind", ",by=2m"),
    ("created-behind", ",by=9h"),
    ("created-behind", ",by=2m,calls=note+photo+link"),
    ("created-ahead", ",by=9h,calls=note+photo+link"),
    ("created-scattered", ",by=1h"),
    ("created-scattered", ",by=10m,calls=note+photo+link"),
    ("created-frozen", ""),
    ("created-minute", ""),
    ("created-offset", ""),
    ("created-words", ""),
    ("text-entities", ""),
    ("text-entities", ",calls=note+photo+link"),
    ("text-entities-twice", ",calls=note+photo+link"),
    ("text-entities-decimal", ""),
    ("text-blanks-collapsed", ",calls=note+photo+link"),
    ("text-blanks-removed", ""),
    ("text-lines-trimmed", ""),
    ("text-breaks-removed", ",calls=note+photo+link"),
    ("text-breaks-html", ""),
    ("text-nfkd", ""),
    ("text-full-width", ",calls=note+photo+link"),
    ("text-quotes-typographic", ",calls=note+photo+link"),
    ("text-emoji-removed", ",calls=note+photo+link"),
    ("text-cut", ",size=6,calls=note+photo+link"),
    ("text-cut-ellipsis", ",size=3"),
    ("text-prefix", ",calls=note+photo+link"),
    ("text-suffix", ""),
    ("text-mojibake", ""),
    ("text-each-otherwise", ""),
    ("text-one-character-less", ",calls=note+photo+link"),
    ("text-missing", ""),
    ("text-empty", ""),
    ("text-dots", ""),
    ("kind-unknown", ""),
    ("kind-missing", ""),
    ("images-none", ""),
    ("images-less", ""),
    ("audience-missing", ""),
    ("audience-private", ""),
    ("list-empty", ""),
    ("list-lacks-newest", ",size=2"),
    ("list-lacks-middle", ""),
    ("list-halved", ""),
    ("list-oldest-first", ""),
    ("list-unsorted", ""),
    ("list-mixes-accounts", ""),
    ("list-shows-deleted", ""),
    ("list-pages-overlap", ""),
    ("list-ignores-last-id", ""),
    ("list-circle", ""),
    ("list-doubles", ""),
    ("list-doubles-altered", ""),
    ("id-repeated", ""),
    ("id-long", ""),
];

/// The deceits of each life. Of a list that lacks stories only some answers do: one that lacks the same story at every look, and fits in
/// all else, deceives everybody.
pub(super) fn draw(seed: u64, lives: usize, long: bool) -> Vec<Vec<String>> {
    let mut dice = Dice::new(seed ^ 0x0DEC_E175);
    let mut drawn = vec![Vec::new(); lives];
    // Short runs see several at once, so that each run of the tests sees a fair part.
    let (draws, most) = if long { (lives * 2 / 3, 30) } else { (lives * 2, 5) };
    for _ in 0..draws {
        let (name, rest) = RULES[dice.index(RULES.len())];
        let percent = if is_lacking(name) { 5 + dice.below(20) } else { 20 + dice.below(80) };
        let (from, length) = (dice.index(lives), 1 + dice.index(most));
        for life in drawn.iter_mut().skip(from).take(length) {
            life.push(format!("{name}=0.{percent:02}{rest}"));
        }
    }
    drawn
}

fn is_lacking(name: &str) -> bool {
    name.starts_with("list-lacks") || matches!(name, "list-empty" | "list-halved" | "id-repeated")
}

/// Every rule is one, and has its turn in a long run.
#[test]
fn every_deceit_of_the_table_has_its_turn() {
    let drawn: std::collections::BTreeSet<String> = draw(1, 400, true).concat().into_iter().collect();
    for (name, rest) in RULES {
        let is = |rule: &String| rule.starts_with(&format!("{name}=")) && rule.ends_with(rest);
        assert!(drawn.iter().any(is), "{name}{rest} is never switched on");
    }
    for rule in &drawn {
        rule.parse::<kakao_sandbox::FaultRule>().unwrap().check().unwrap();
    }
}
