//! What can be commanded, and how often each is drawn: mostly posts that are due at once, and answers that say nothing.

use kakao_sandbox::{Call, FaultName, FaultRule};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    /// Puts a job into the file, or says its time and text anew.
    Write {
        job: usize,
        text: u8,
        in_minutes: i64,
    },
    /// Changes the text alone.
    Edit {
        job: usize,
        text: u8,
    },
    /// Takes a job out of the file.
    Remove {
        job: usize,
    },
    /// Brings it back as it was.
    BringBack {
        job: usize,
    },
    Cancel {
        job: usize,
    },
    Release {
        job: usize,
    },
    /// A person looks at the account's page and settles the doubt.
    Resolve {
        job: usize,
    },
    Delete {
        job: usize,
    },
    Pass {
        seconds: u64,
    },
    Crash(Moment),
    Fault {
        fault: usize,
        times: u32,
    },
    ClearFaults,
    /// Our clock is set, and nobody else's.
    SetClock {
        seconds: i64,
        /// A person says that it is right.
        confirmed: bool,
    },
    /// It is right again.
    SetClockRight,
    /// A machine that is started anew, so that nothing is known of how its clock was set.
    Reboot,
}

/// When a process dies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Idle,
    Claimed,
    Intended,
    Sent,
}

/// A list of commands: at its beginning there is nothing, a post that waits, or one in doubt.
pub(super) fn commands() -> impl Strategy<Value = Vec<Command>> {
    let write = |in_minutes| Command::Write { job: 0, text: 0, in_minutes };
    let beginning = prop_oneof![
        Just(vec![]),
        Just(vec![write(2), Command::Pass { seconds: 0 }]),
        (0..DOUBTFUL).prop_map(move |fault| {
            vec![Command::Fault { fault, times: 1 }, write(0), Command::Pass { seconds: 0 }]
        }),
    ];
    (beginning, proptest::collection::vec(command(), 1..=COMMANDS_MAX)).prop_map(|(mut all, more)| {
        all.extend(more);
        all
    })
}

fn command() -> impl Strategy<Value = Command> {
    // Mostly the same job, so that commands meet.
    let job = prop_oneof![4 => Just(0), 2 => Just(1), 1 => Just(2), 1 => Just(3)];
    prop_oneof![
        4 => (job.clone(), 0..3u8, prop_oneof![2 => 0..3i64, 1 => -90..120i64]).prop_map(|(job, text, in_minutes)| Command::Write { job, text, in_minutes }),
        2 => (job.clone(), 0..3u8).prop_map(|(job, text)| Command::Edit { job, text }),
        3 => job.clone().prop_map(|job| Command::Remove { job }),
        2 => job.clone().prop_map(|job| Command::BringBack { job }),
        1 => job.clone().prop_map(|job| Command::Cancel { job }),
        1 => job.clone().prop_map(|job| Command::Release { job }),
        1 => job.clone().prop_map(|job| Command::Resolve { job }),
        1 => job.prop_map(|job| Command::Delete { job }),
        5 => prop_oneof![0..10u64, 10..200u64, 200..8_000u64].prop_map(|seconds| Command::Pass { seconds }),
        2 => prop_oneof![Just(Moment::Idle), Just(Moment::Claimed), Just(Moment::Intended), Just(Moment::Sent)]
            .prop_map(Command::Crash),
        6 => (prop_oneof![3 => 0..DOUBTFUL, 1 => 0..faults().len()], 1..4u32).prop_map(|(fault, times)| Command::Fault { fault, times }),
        1 => Just(Command::ClearFaults),
        2 => (prop_oneof![-120..120i64, -10_000..10_000i64, -6_000_000..6_000_000i64, Just(315_619_200i64), Just(-315_619_200i64)], any::<bool>())
            .prop_map(|(seconds, confirmed)| Command::SetClock { seconds, confirmed }),
        1 => Just(Command::SetClockRight),
        1 => Just(Command::Reboot),
    ]
}

/// After the beginning.
const COMMANDS_MAX: usize = 11;
/// So many of the faults, from the first on, leave open what became of a post.
const DOUBTFUL: usize = 11;

/// What the sandbox may do for a while. None of it hangs: that would be waited for in real time.
pub(super) fn faults() -> Vec<FaultRule> {
    use FaultName as F;
    let posts = [Call::Note, Call::Photo];
    let plain = [
        F::AnswerLost,
        F::RequestDropped,
        F::ServerErrorBeforeEffect,
        F::ServerErrorAfterEffect,
        F::BadGatewayAfterEffect,
        F::GarbageAfterEffect,
        F::TruncatedAfterEffect,
        F::EmptyAfterEffect,
        F::RedirectAfterEffect,
        F::LateEffect,
        F::LateEffectServerError,
        F::ListLag,
        F::CrlfContent,
        F::TooManyRequests,
        F::Code(-1),
        F::Code(-2),
        F::Code(-4),
        F::Code(-10),
        F::Code(-401),
        F::CodeAfterEffect(-9798),
    ];
    let on_posts = plain.into_iter().map(|fault| FaultRule::new(fault).on(&posts));
    let elsewhere = [
        FaultRule::new(F::ServerErrorBeforeEffect).on(&[Call::MyStories]),
        FaultRule::new(F::Code(-401)).on(&[Call::MyStories]),
        FaultRule::new(F::Code(-4)).on(&[Call::MyStories]),
        FaultRule::new(F::ServerErrorAfterEffect).on(&[Call::Upload]),
        FaultRule::new(F::Code(-911)).on(&[Call::Upload]),
        FaultRule::new(F::ServerErrorAfterEffect).on(&[Call::Delete]),
        FaultRule::new(F::AnswerLost).on(&[Call::MyStory]),
    ];
    on_posts.chain(elsewhere).collect()
}
