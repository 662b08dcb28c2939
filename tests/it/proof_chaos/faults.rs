//! What goes wrong at Kakao while one daemon lives: every fault mode of the sandbox, drawn.

use kakao_sandbox::FaultName;

use crate::support::chaos::Dice;

/// Something was created and no plain answer says so. The list tells soon.
const CREATED: [&str; 12] = [
    "answer-lost",
    "hang-after-effect",
    "server-error-after-effect",
    "bad-gateway-after-effect",
    "garbage-after-effect",
    "truncated-after-effect",
    "empty-after-effect",
    "redirect-after-effect",
    "code-1-after-effect",
    "code-7-after-effect",
    "code-603-after-effect",
    "code-9798-after-effect",
];
/// Nothing was created and no plain answer says so: each costs a quarantine. Maintenance also lets an upload wait for minutes, so it
/// stays with what publishes.
const NOT_CREATED: [(&str, &str); 9] = [
    ("request-dropped", ""),
    ("hang-before-effect", ""),
    ("server-error-before-effect", ""),
    ("bad-gateway-before-effect", ""),
    ("redirect-before-effect", ""),
    ("code-1", ""),
    ("code-7", ",calls=note+photo+link"),
    ("code-603", ""),
    ("code-9798", ",calls=note+photo+link"),
];
/// Created when the answer is long gone, with how late in seconds: only the quarantine keeps the last of these from appearing twice, for
/// two listings ten seconds apart may both lack them.
const LATE: [(&str, u64); 4] =
    [("late-effect", 2), ("late-effect-server-error", 3), ("late-effect", 9), ("late-effect-server-error", 20)];
/// As many of [`LATE`] as a short run waits for.
const LATE_SHORT: usize = 2;
/// Plain refusals, with their whole rule but for the probability.
const PLAIN: [(&str, &str); 6] = [
    ("code-401", ",calls=note+photo+link+upload+linkinfo"),
    ("too-many-requests", ",after=1s,calls=note+photo+link+upload+linkinfo"),
    ("code-2", ",calls=note+photo+link"),
    ("code-10", ",calls=note+photo+link"),
    ("code-602", ",calls=upload"),
    ("code-604", ",calls=linkinfo"),
];
/// Nothing is refused, but everything looks otherwise or takes longer.
const COLOURS: [(&str, &str); 10] = [
    ("delay", ",after=120ms"),
    ("list-lag", ",after=2s"),
    ("trim-content", ""),
    ("crlf-content", ""),
    ("nfc-content", ""),
    ("nfd-content", ""),
    ("reverse-images", ""),
    ("short-access-token", ",after=20s"),
    ("delay", ",after=400ms,calls=note+photo+link"),
    ("rotate-refresh-token", ""),
];
/// The list and the uploads cannot be read, or not whole.
const READING: [(&str, &str); 6] = [
    ("server-error-before-effect", ",calls=mystories"),
    ("truncated-after-effect", ",calls=mystories"),
    ("request-dropped", ",calls=mystories+upload+linkinfo"),
    ("garbage-after-effect", ",calls=mystories+upload"),
    ("code-402", ",calls=mystories"),
    ("server-error-after-effect", ",calls=delete"),
];
/// The list turns the account away: a doubt waits for a minute or for a person. In the long run only.
const BARRED: [(&str, &str); 3] = [
    ("code-401", ",calls=mystories"),
    ("too-many-requests", ",after=1s,calls=mystories"),
    ("hang-before-effect", ",calls=upload+linkinfo+mystories"),
];

/// What the drawn faults may still do after they were switched off, in seconds: the latest effect and the longest lag of the list.
pub(super) fn aftermath_s(long: bool) -> u64 {
    let late = if long { LATE.len() } else { LATE_SHORT };
    LATE[..late].iter().map(|(_, after)| after).max().unwrap_or(&0) + 2
}

/// The faults of one life. The long run draws all of them; a short one spares itself most of what only a quarantine or a person can
/// settle.
pub(super) fn draw(dice: &mut Dice, long: bool) -> Vec<String> {
    let mut rules = Vec::new();
    let mut draw = |chance: u64, name: &str, percent: u64, rest: &str| {
        if dice.percent(chance) {
            let percent = 1 + dice.below(percent);
            rules.push(format!("{name}=0.{percent:02}{rest}"));
        }
    };
    for name in CREATED {
        draw(40, name, 12, "");
    }
    for (name, after) in &LATE[..if long { LATE.len() } else { LATE_SHORT }] {
        draw(40, name, 12, &format!(",after={after}s"));
    }
    for (name, rest) in NOT_CREATED {
        draw(if long { 30 } else { 12 }, name, if long { 4 } else { 2 }, rest);
    }
    for (name, rest) in PLAIN {
        draw(30, name, 3, rest);
    }
    for (name, rest) in COLOURS {
        draw(40, name, 40, rest);
    }
    for (name, rest) in READING {
        draw(30, name, 15, rest);
    }
    for (name, rest) in BARRED {
        draw(if long { 20 } else { 0 }, name, 5, rest);
    }
    for name in FaultName::all().into_iter().map(|name| name.to_string()).filter(|name| !named(name)) {
        draw(if long { 3 } else { 1 }, &name, 2, "");
    }
    rules
}

/// Whether a table names it. What none names is drawn too, but seldom: most of the rest blocks an account until a person steps in.
fn named(name: &str) -> bool {
    let tables: [&[(&str, &str)]; 5] = [&NOT_CREATED, &PLAIN, &COLOURS, &READING, &BARRED];
    CREATED.contains(&name)
        || LATE.iter().any(|(late, _)| *late == name)
        || tables.into_iter().flatten().any(|(listed, _)| *listed == name)
}
