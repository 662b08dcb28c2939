//! What people are told of a clock in doubt.

use std::time::Duration;

use jiff::SignedDuration;

use crate::domain::evidence::{DoubtReason, GAP_MAX};
use crate::domain::telling::{instant, length};
use crate::engine::rules::Telling;

/// Why the clock is in doubt: a sentence without its end.
pub fn words(why: &DoubtReason, zone: &str) -> String {
    let off = |ahead: SignedDuration| {
        let side = if ahead.is_negative() { "behind" } else { "ahead of" };
        format!("{} {side}", rounded(ahead))
    };
    match why {
        DoubtReason::Answers { ahead, sources, against } => {
            let all = sources + against;
            let tell = match (sources, all) {
                (1, 1) => "the one account that answers tells".to_owned(),
                (_, all) if *sources == all => format!("all {all} accounts that answer tell"),
                _ => format!("{sources} of {all} accounts that answer tell"),
            };
            format!("this machine's clock is {} Kakao's, as {tell}", off(*ahead))
        }
        DoubtReason::Set(ahead) => {
            let set = if ahead.is_negative() { "back" } else { "ahead" };
            format!(
                "this machine's clock was set {set} by {}, and no answer of Kakao's confirms it yet",
                rounded(*ahead)
            )
        }
        DoubtReason::BeforeLastWrite(at) => format!(
            "this machine's clock stands before {}, when the queue was last written, and no answer of Kakao's confirms it yet",
            instant(*at, zone)
        ),
        DoubtReason::LongAfterLastWrite(at) => format!(
            "the queue was last written on {}, more than {} ago by this machine's clock, and no answer of Kakao's confirms it yet",
            instant(*at, zone),
            length(GAP_MAX)
        ),
        DoubtReason::BeforeProgram(at) => format!(
            "this machine's clock stands before {}, which is earlier than this program, and no answer of Kakao's confirms it yet",
            instant(*at, zone)
        ),
    }
}

/// To the minute: an answer is on its way for a moment.
fn rounded(ahead: SignedDuration) -> String {
    let minutes = (ahead.unsigned_abs().as_secs() + 30) / 60;
    length(Duration::from_secs(minutes * 60))
}

/// What to do about it.
pub fn remedy(telling: &Telling) -> String {
    format!(
        "Meanwhile nothing is posted, enqueued, taken down or found too late. Set the clock right (`timedatectl set-ntp true`), and the \
         work goes on by itself; if it is right, `{}` says so",
        telling.command("admin clock --confirm")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_says_how_far_off_the_clock_is_and_who_says_so() {
        let days = SignedDuration::from_hours(24 * 60);
        for (why, said) in [
            (
                DoubtReason::Answers { ahead: days, sources: 1, against: 0 },
                "60 d ahead of Kakao's, as the one account that answers tells",
            ),
            (
                DoubtReason::Answers { ahead: -days, sources: 2, against: 0 },
                "60 d behind Kakao's, as all 2 accounts that answer tell",
            ),
            (
                DoubtReason::Answers { ahead: -days, sources: 2, against: 1 },
                "60 d behind Kakao's, as 2 of 3 accounts that answer tell",
            ),
            (DoubtReason::Set(days), "was set ahead by 60 d, and no answer"),
            (DoubtReason::Set(-days), "was set back by 60 d, and no answer"),
        ] {
            let words = words(&why, "UTC");
            assert!(words.contains(said), "{words}");
        }
    }
}
