//! The faults that the sandbox can commit: their names, what each does, and on which calls.
//!
//! Owns the list. [`crate::faults::rule`] says when one happens; [`crate::server::exchange`] carries it out.
//!
#![doc = include_str!("faults.md")]

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::deceit::Deceit;
use crate::http::call::{Call, POST_CALLS, REQUEST_CALLS, STORY_CALLS};
use crate::http::nearest::nearest;

/// The table of faults in Markdown: each name and what the client sees, for the documents and for help texts.
pub const FAULT_TABLE: &str = include_str!("faults.md");

/// What can go wrong on purpose.
///
#[doc = include_str!("faults.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table describes each by the name that users type")]
pub enum FaultName {
    AnswerLost,
    RequestDropped,
    HangBeforeEffect,
    HangAfterEffect,
    ServerErrorBeforeEffect,
    ServerErrorAfterEffect,
    BadGatewayBeforeEffect,
    BadGatewayAfterEffect,
    GarbageAfterEffect,
    TruncatedAfterEffect,
    EmptyAfterEffect,
    RedirectBeforeEffect,
    RedirectAfterEffect,
    Delay,
    LateEffect,
    LateEffectServerError,
    ListLag,
    TrimContent,
    CrlfContent,
    NfcContent,
    NfdContent,
    ReverseImages,
    TooManyRequests,
    NoRefreshToken,
    RotateRefreshToken,
    ShortAccessToken,
    /// An error code of the API host, as the (negative) number of the body.
    Code(i32),
    /// The same, answered after the effect.
    CodeAfterEffect(i32),
    /// An error number of the login host.
    Koe(u16),
    /// Nothing goes wrong, and the answer tells what is not so.
    Deceit(Deceit),
}

/// The codes that can be answered by a fault before any effect.
const CODES: [i32; 27] = [
    -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -101, -103, -401, -402, -406, -601, -602, -603, -604, -605,
    -606, -911, -9798, -404, -405,
];
/// The codes that leave open whether the story exists.
const AMBIGUOUS_CODES: [i32; 4] = [-1, -7, -603, -9798];
const KOE: [u16; 7] = [3, 10, 101, 237, 303, 320, 322];

const PLAIN: [(FaultName, &str); 26] = [
    (FaultName::AnswerLost, "answer-lost"),
    (FaultName::RequestDropped, "request-dropped"),
    (FaultName::HangBeforeEffect, "hang-before-effect"),
    (FaultName::HangAfterEffect, "hang-after-effect"),
    (FaultName::ServerErrorBeforeEffect, "server-error-before-effect"),
    (FaultName::ServerErrorAfterEffect, "server-error-after-effect"),
    (FaultName::BadGatewayBeforeEffect, "bad-gateway-before-effect"),
    (FaultName::BadGatewayAfterEffect, "bad-gateway-after-effect"),
    (FaultName::GarbageAfterEffect, "garbage-after-effect"),
    (FaultName::TruncatedAfterEffect, "truncated-after-effect"),
    (FaultName::EmptyAfterEffect, "empty-after-effect"),
    (FaultName::RedirectBeforeEffect, "redirect-before-effect"),
    (FaultName::RedirectAfterEffect, "redirect-after-effect"),
    (FaultName::Delay, "delay"),
    (FaultName::LateEffect, "late-effect"),
    (FaultName::LateEffectServerError, "late-effect-server-error"),
    (FaultName::ListLag, "list-lag"),
    (FaultName::TrimContent, "trim-content"),
    (FaultName::CrlfContent, "crlf-content"),
    (FaultName::NfcContent, "nfc-content"),
    (FaultName::NfdContent, "nfd-content"),
    (FaultName::ReverseImages, "reverse-images"),
    (FaultName::TooManyRequests, "too-many-requests"),
    (FaultName::NoRefreshToken, "no-refresh-token"),
    (FaultName::RotateRefreshToken, "rotate-refresh-token"),
    (FaultName::ShortAccessToken, "short-access-token"),
];

/// The calls of the API host.
const API_CALLS: &[Call] = REQUEST_CALLS.split_at(REQUEST_CALLS.len() - 1).0;

impl FaultName {
    /// Every fault, in the order of the table. [`Deceit::all`] holds the deceits, which a rule can name as well.
    pub fn all() -> Vec<Self> {
        let plain = PLAIN.iter().map(|(name, _)| *name);
        plain
            .chain(CODES.map(Self::Code))
            .chain(AMBIGUOUS_CODES.map(Self::CodeAfterEffect))
            .chain(KOE.map(Self::Koe))
            .collect()
    }

    /// The calls that the fault can happen on.
    pub fn possible_calls(self) -> &'static [Call] {
        match self {
            Self::LateEffect
            | Self::LateEffectServerError
            | Self::ListLag
            | Self::TrimContent
            | Self::CrlfContent
            | Self::NfcContent
            | Self::NfdContent => POST_CALLS,
            Self::ReverseImages => &[Call::Upload],
            Self::NoRefreshToken | Self::RotateRefreshToken | Self::ShortAccessToken | Self::Koe(_) => &[Call::Token],
            Self::Code(_) => API_CALLS,
            Self::CodeAfterEffect(_) => API_CALLS,
            Self::Deceit(deceit) => deceit.possible_calls(),
            _ => REQUEST_CALLS,
        }
    }

    /// The calls that it happens on when a rule names none: those where Kakao would do it.
    pub fn default_calls(self) -> &'static [Call] {
        match self {
            Self::Code(-602 | -606 | -911) => &[Call::Upload],
            Self::Code(-603) => &[Call::Upload, Call::LinkInfo, Call::Note, Call::Photo, Call::Link],
            Self::Code(-604) => &[Call::LinkInfo],
            Self::Code(-605) => &[Call::MyStory, Call::Delete],
            Self::Code(-402) => &[Call::Note, Call::Photo, Call::Link, Call::MyStory, Call::MyStories, Call::Delete],
            Self::CodeAfterEffect(_) => POST_CALLS,
            Self::Deceit(deceit) => deceit.default_calls(),
            _ if self.possible_calls().len() > STORY_CALLS.len() => STORY_CALLS,
            _ => self.possible_calls(),
        }
    }

    /// What a rule's `after` is when it gives none; `None` for faults that have no duration.
    pub fn default_after(self) -> Option<Duration> {
        match self {
            Self::Delay => Some(Duration::from_secs(2)),
            Self::LateEffect | Self::LateEffectServerError | Self::ListLag => Some(Duration::from_secs(30)),
            Self::TooManyRequests | Self::ShortAccessToken => Some(Duration::from_secs(60)),
            Self::Deceit(deceit) => deceit.default_by(),
            _ => None,
        }
    }

    /// What a rule's `size` is when it gives none; `None` for what is not about a number.
    pub fn default_size(self) -> Option<usize> {
        match self {
            Self::Deceit(deceit) => deceit.default_size(),
            _ => None,
        }
    }

    /// Whether it only colours what happens anyway; the others decide the answer, and of those one request gets one.
    pub(crate) fn is_modifier(self) -> bool {
        matches!(
            self,
            Self::Delay
                | Self::ListLag
                | Self::TrimContent
                | Self::CrlfContent
                | Self::NfcContent
                | Self::NfdContent
                | Self::ReverseImages
                | Self::NoRefreshToken
                | Self::RotateRefreshToken
                | Self::ShortAccessToken
                | Self::Deceit(_)
        )
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "code{code}"),
            Self::CodeAfterEffect(code) => write!(f, "code{code}-after-effect"),
            Self::Koe(number) => write!(f, "koe{number:03}"),
            Self::Deceit(deceit) => write!(f, "{deceit}"),
            plain => f.write_str(PLAIN.iter().find(|(name, _)| name == plain).map_or("", |(_, text)| text)),
        }
    }
}

impl FromStr for FaultName {
    type Err = String;

    /// Takes `answer-lost`, `answer_lost`, `code-401`, plain `-401` and `429`; otherwise says which names there are.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut wanted = text.trim().to_lowercase().replace('_', "-");
        if wanted.starts_with('-') {
            wanted = format!("code{wanted}");
        }
        if wanted == "429" {
            return Ok(Self::TooManyRequests);
        }
        let known: Vec<Self> = Self::all().into_iter().chain(Deceit::all().into_iter().map(Self::Deceit)).collect();
        let names: Vec<String> = known.iter().map(Self::to_string).collect();
        if let Some(at) = names.iter().position(|name| *name == wanted) {
            return Ok(known[at]);
        }
        let near = nearest(&wanted, names.iter().map(String::as_str));
        let hint = near.map(|near| format!("did you mean {near:?}? ")).unwrap_or_default();
        Err(format!("no fault is named {text:?}; {hint}valid names are {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_in_both_spellings_and_is_in_the_table() {
        let deceits = Deceit::all().into_iter().map(FaultName::Deceit);
        for fault in FaultName::all().into_iter().chain(deceits) {
            let name = fault.to_string();
            assert_eq!(name.parse(), Ok(fault));
            assert_eq!(name.replace('-', "_").to_uppercase().parse(), Ok(fault));
            assert!(!fault.default_calls().is_empty());
            assert!(fault.default_calls().iter().all(|call| fault.possible_calls().contains(call)), "{name}");
            if !matches!(fault, FaultName::Code(_) | FaultName::CodeAfterEffect(_) | FaultName::Deceit(_)) {
                assert!(FAULT_TABLE.contains(&format!("`{name}`")), "{name} is missing from the table");
            }
        }
        assert_eq!("-401".parse(), Ok(FaultName::Code(-401)));
        assert_eq!("429".parse(), Ok(FaultName::TooManyRequests));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_and_all_valid_ones() {
        let error = "anwser-lost".parse::<FaultName>().unwrap_err();
        assert!(error.contains("did you mean \"answer-lost\"?"), "{error}");
        assert!(error.contains("koe322"), "{error}");
    }
}
