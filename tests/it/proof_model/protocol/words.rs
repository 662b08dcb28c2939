//! The steps by name, and how a trace puts them into words.

use std::fmt;

/// One step of anybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Action {
    Claim(u8),
    Intend(u8),
    LoseClaim(u8),
    Send(u8),
    NotSent(u8),
    RecordPublished(u8),
    RecordNotSent(u8),
    RecordRefused(u8),
    LookDoubts(u8),
    RecordDoubt(u8),
    RecordRetry(u8),
    RecordLost(u8),
    RecordOtherName(u8),
    Sweep(u8),
    Start,
    List(u8),
    ListHiccup(u8),
    ListFails(u8),
    ListUnreadable(u8),
    ListAltered(u8),
    ListBackdated(u8),
    ListDoubled(u8),
    ListMixed(u8),
    ListWrong(u8),
    JudgeFound(u8),
    JudgeSeveral(u8),
    JudgeSeemsOld(u8),
    JudgeNearlySame(u8),
    JudgeFlawed(u8),
    JudgeFlawedParks(u8),
    JudgeAbsent(u8),
    JudgeRepost(u8),
    JudgeEarly(u8),
    JudgeLost(u8),
    Effect(u8),
    Answer(u8),
    AnswerLost(u8),
    AnswerOtherName(u8),
    RefuseFalsely(u8),
    Refuse(u8),
    Drop(u8),
    TimeOut(u8),
    Vanish(u8),
    Show(u8),
    Kill,
    PowerLoss,
    Checkpoint,
    Tick,
    Sleep,
    SetForward,
    KakaosSetForward,
    DateAhead,
    Panic(u8),
    SetBack,
    ByHand,
    ResolveFound(u8),
    ResolveAbsent(u8),
    Cancel(u8),
}

fn name(post: u8) -> &'static str {
    ["A", "B", "somebody"][usize::from(post)]
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Action as A;
        let (who, post, what) = match *self {
            A::Claim(p) => ("storyd", Some(p), "claims #"),
            A::Intend(p) => ("storyd", Some(p), "commits the intent of #"),
            A::LoseClaim(p) => ("storyd", Some(p), "sees that it lost the claim of #"),
            A::Send(p) => ("storyd", Some(p), "sends the request of #"),
            A::NotSent(p) => ("storyd", Some(p), "cannot connect: # was certainly not sent"),
            A::RecordPublished(p) => ("storyd", Some(p), "records # as published"),
            A::RecordNotSent(p) => ("storyd", Some(p), "schedules # again, which was not sent"),
            A::LookDoubts(p) => {
                ("storyd", Some(p), "finds a story that may be the one of #, which was refused, and records a doubt")
            }
            A::RecordRefused(p) => ("storyd", Some(p), "records the refusal: # is scheduled again"),
            A::RecordDoubt(p) => ("storyd", Some(p), "records # as in doubt"),
            A::RecordRetry(p) => ("storyd", Some(p), "schedules # again, as if nothing had been sent"),
            A::RecordLost(p) => ("storyd", Some(p), "sees that somebody moved # first, and records nothing"),
            A::RecordOtherName(p) => {
                ("storyd", Some(p), "is told the story of another post for #, and records a doubt")
            }
            A::Sweep(p) => ("storyd", Some(p), "sweeps #, whose lease ended"),
            A::Start => ("storyd", None, "starts, and sweeps"),
            A::List(p) => ("storyd", Some(p), "reads the list, looking for #"),
            A::ListHiccup(p) => ("storyd", Some(p), "looks for # in a list that should hold more than it does"),
            A::ListFails(p) => ("storyd", Some(p), "looks for #, and the list fails"),
            A::ListUnreadable(p) => ("storyd", Some(p), "cannot read the list: # is parked for a person"),
            A::ListAltered(p) => ("storyd", Some(p), "looks for # in a list that shows the texts otherwise"),
            A::ListBackdated(p) => ("storyd", Some(p), "looks for # in a list that dates the stories long before"),
            A::ListDoubled(p) => ("storyd", Some(p), "looks for # in a list that tells one story in two ways"),
            A::ListMixed(p) => ("storyd", Some(p), "looks for # in a list with the same text of another account"),
            A::ListWrong(p) => ("storyd", Some(p), "looks for # in a list that contradicts what it showed before"),
            A::JudgeFound(p) => ("storyd", Some(p), "finds a story for #, and records it"),
            A::JudgeSeveral(p) => ("storyd", Some(p), "finds several stories: # is parked for a person"),
            A::JudgeSeemsOld(p) => {
                ("storyd", Some(p), "finds a story that seems older than #: # is parked for a person")
            }
            A::JudgeNearlySame(p) => {
                ("storyd", Some(p), "finds a story that may be the one of #: # is parked for a person")
            }
            A::JudgeFlawed(p) => ("storyd", Some(p), "sees that the list proves nothing of #, and looks again"),
            A::JudgeFlawedParks(p) => {
                ("storyd", Some(p), "sees that no list proves anything of #: # is parked for a person")
            }
            A::JudgeAbsent(p) => ("storyd", Some(p), "counts an absence of #"),
            A::JudgeRepost(p) => ("storyd", Some(p), "takes # for absent: it is scheduled again"),
            A::JudgeEarly(p) => ("storyd", Some(p), "finds nothing for #, too early to count"),
            A::JudgeLost(p) => ("storyd", Some(p), "sees that the doubt of # is settled, and judges nothing"),
            A::Effect(p) => ("Kakao", Some(p), "makes the story of #"),
            A::Answer(p) => ("Kakao", Some(p), "answers # with the story"),
            A::AnswerLost(p) => ("Kakao", Some(p), "answers #, and the answer is lost"),
            A::AnswerOtherName(p) => ("Kakao", Some(p), "answers # with the story of another post"),
            A::RefuseFalsely(p) => ("Kakao", Some(p), "refuses #, whose story exists"),
            A::Refuse(p) => ("Kakao", Some(p), "refuses #"),
            A::Drop(p) => ("Kakao", Some(p), "drops the request of # without an answer"),
            A::TimeOut(p) => ("storyd", Some(p), "hears nothing plain of #, whose request is still under way"),
            A::Vanish(p) => ("Kakao", Some(p), "never gets the request of #"),
            A::Show(p) => ("Kakao", Some(p), "lists the story of #"),
            A::Kill => ("-", None, "kill -9"),
            A::PowerLoss => ("-", None, "power loss"),
            A::Checkpoint => ("-", None, "what was committed reaches the disk"),
            A::Tick => ("-", None, "a tick passes"),
            A::Sleep => ("-", None, "the machine sleeps for hours"),
            A::SetForward => ("-", None, "our clock is set forward by hours"),
            A::KakaosSetForward => ("-", None, "the clock of Kakao's answers is set forward by hours"),
            A::DateAhead => ("Kakao", None, "answers with a date that is hours ahead"),
            A::Panic(p) => ("-", Some(p), "the task that publishes # dies"),
            A::SetBack => ("-", None, "our clock is set back by hours"),
            A::ByHand => ("somebody", None, "posts the same text by hand"),
            A::ResolveFound(p) => ("somebody", Some(p), "resolves # with its story"),
            A::ResolveAbsent(p) => ("somebody", Some(p), "resolves # as absent"),
            A::Cancel(p) => ("somebody", Some(p), "cancels #"),
        };
        write!(f, "{who:<9} {}", what.replace('#', post.map_or("", name)))
    }
}
