//! Lies about what became of a post, about one story that is asked for, and about a page that was scraped.

use super::family::{Told, family};
use crate::http::answer::Answer;
use crate::state::memory::Memory;

family! {
    /// About what became of a post, of one story, or of a page.
    AnswerLie {
        NamesOlder = "answer-names-older",
        NamesOtherAccount = "answer-names-other-account",
        Invented = "answer-invented",
        Refused = "answer-refused",
        NoPermission = "answer-no-permission",
        TokenRefused = "answer-token-refused",
        Quota = "answer-quota",
        TooMany = "answer-too-many",
        NotFound = "answer-not-found",
        Conflict = "answer-conflict",
        Denies = "story-denied",
        Insists = "story-insisted",
        Another = "story-another",
        AnotherPage = "link-another-page",
    }
}

/// What an answer to a post claims.
#[derive(Debug)]
pub(crate) enum Claim {
    /// That the post became the story of this ID.
    Story(String),
    /// That the post was refused.
    Refused(Answer),
}

impl AnswerLie {
    pub(crate) fn is_of_one_story(self) -> bool {
        matches!(self, Self::Denies | Self::Insists | Self::Another)
    }
}

impl Told<AnswerLie> {
    /// What is answered to a post of `account` whose story is `right`.
    pub(crate) fn claim(&self, memory: &Memory, account: &str, right: &str) -> Claim {
        let newest = |of: &dyn Fn(&str) -> bool| {
            let others = memory.stories.iter().map(|story| &story.entry);
            let others = others.filter(|entry| of(&entry.account) && entry.id != right && entry.deleted_at.is_none());
            others.max_by_key(|entry| entry.created_at).map_or_else(|| right.to_owned(), |entry| entry.id.clone())
        };
        match self.lie {
            AnswerLie::NamesOlder => Claim::Story(newest(&|other| other == account)),
            AnswerLie::NamesOtherAccount => Claim::Story(newest(&|other| other != account)),
            AnswerLie::Refused => Claim::Refused(Answer::kakao(-2)),
            AnswerLie::NoPermission => Claim::Refused(Answer::kakao(-5)),
            AnswerLie::TokenRefused => Claim::Refused(Answer::kakao(-401)),
            AnswerLie::Quota => Claim::Refused(Answer::kakao(-10)),
            AnswerLie::TooMany => {
                let mut answer = Answer::new(429, crate::http::answer::JSON, "{\"msg\":\"too many requests\"}");
                answer.headers.push(("retry-after", "1".to_owned()));
                Claim::Refused(answer)
            }
            AnswerLie::NotFound => Claim::Refused(Answer::kakao(-404)),
            AnswerLie::Conflict => {
                Claim::Refused(Answer::new(409, crate::http::answer::JSON, "{\"msg\":\"duplicate\"}"))
            }
            AnswerLie::Invented
            | AnswerLie::Denies
            | AnswerLie::Insists
            | AnswerLie::Another
            | AnswerLie::AnotherPage => Claim::Story(right.to_owned()),
        }
    }
}
