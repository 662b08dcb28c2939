//! A refusal of the queue in words, with the command that is possible instead.

use crate::cli::context::CommandContext;
use crate::cli::failure::Failure;
use crate::domain::post::PostState;
use crate::store::queue::OperatorRefusal;

/// A refusal, with the command that is possible instead.
pub(super) fn refused(home: &CommandContext, refusal: OperatorRefusal) -> Failure {
    let text = match &refusal {
        OperatorRefusal::NotPossible { post, state } => {
            let command = |words: &str| home.command(&format!("admin {words} {post}"));
            let instead = match state {
                PostState::Scheduled => format!("waits for its time; `{}` withdraws it", command("cancel")),
                PostState::Claimed => {
                    format!("is being prepared or about to leave; `{}` withdraws it", command("cancel"))
                }
                PostState::Publishing => "is being published; wait for the answer".into(),
                PostState::InDoubt => format!(
                    "is in doubt: nobody knows yet whether it was published; look at the account's page, then `{}`",
                    command("resolve")
                ),
                PostState::Published => format!("is published; `{}` takes its story down", command("delete")),
                PostState::Deleted => {
                    "was published and taken down; to publish it again, give it a new time in its job file".into()
                }
                PostState::Missed | PostState::Failed | PostState::Cancelled => {
                    format!("is {state}; `{}` lets it go ahead", command("retry"))
                }
                PostState::Held => {
                    format!("is held; `{}` lets it go ahead, `{}` withdraws it", command("release"), command("cancel"))
                }
            };
            format!("post {post} {instead}")
        }
        OperatorRefusal::NoSuchPost(post) => no_such_post(home, *post),
        OperatorRefusal::StoryTaken(story) => {
            let list = home.command("admin stories");
            format!("the story {story} is on record for another post; `{list}` lists them")
        }
        OperatorRefusal::NotFound(story) => {
            let audit = home.command("admin audit");
            format!("no audit has found a story {story} that is not on record; `{audit}` looks at the account's list")
        }
        OperatorRefusal::Lost(_)
        | OperatorRefusal::JobGone { .. }
        | OperatorRefusal::TooSoon { .. }
        | OperatorRefusal::BeforeItsJob { .. }
        | OperatorRefusal::TimeTaken(_)
        | OperatorRefusal::Store(_) => return refusal.into(),
    };
    Failure::from(refusal).saying(text)
}

pub(super) fn no_such_post(home: &CommandContext, post: i64) -> String {
    format!("there is no post {post}; `{}` lists them", home.command("admin queue --all"))
}
