//! Whose an account is: nobody's tokens take it over by mistake, or while a doubt is open.

use crate::cli::context::CommandContext;
use crate::cli::failure::Failure;
use crate::domain::post::PostState;
use crate::network::kakao::token::TokenOwner;
use crate::store::view::PostFilter;
use crate::store::{Access, Store, StoreError};

/// Nobody's tokens take an account over by mistake. `instead` is what to do for the user that it belongs to.
pub(super) fn refuse_another_user(
    account: &str,
    before: Option<&TokenOwner>,
    after: Option<&TokenOwner>,
    instead: &str,
) -> Result<(), Failure> {
    match (before, after) {
        (Some(before), Some(after)) if before.user_id != after.user_id => Err(Failure::not_possible(format!(
            "this is Kakao user {}, and {account} belongs to {}: nothing was stored. {instead}, or, if {account} shall post as \
             another user from now on, add --other-user",
            shown(after),
            shown(before)
        ))),
        _ => Ok(()),
    }
}

/// A doubt is settled from the list of the user whose request it was. Another user's list would prove its story absent, and it would go out
/// once more.
pub(super) async fn refuse_with_doubts(
    home: &CommandContext,
    account: &str,
    before: Option<&TokenOwner>,
    after: Option<&TokenOwner>,
) -> Result<(), Failure> {
    if let (Some(before), Some(after)) = (before, after)
        && before.user_id == after.user_id
    {
        return Ok(());
    }
    let store = match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => store,
        Err(StoreError::Missing(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let states = vec![PostState::Publishing, PostState::InDoubt];
    let filter = PostFilter { states, account: Some(account.into()), limit: Some(1), ..PostFilter::default() };
    let doubtful = store.posts(&filter).await?;
    store.close().await;
    let Some(post) = doubtful.first().map(|post| post.post) else { return Ok(()) };
    let resolve = home.command(&format!("admin resolve {post}"));
    Err(Failure::not_possible(format!(
        "post {post} may be up at the user whom {account} belongs to, and the list of another would not show it: nothing was stored. \
         Wait until storyd has settled it, or settle it with `{resolve}`, then do this again"
    )))
}

/// Whose the account is from here on: whom Kakao named; where it was not asked or did not say, whose it was, unless it changes hands.
pub(super) fn owner(before: Option<TokenOwner>, found: Option<TokenOwner>, other_user: bool) -> Option<TokenOwner> {
    match (before, found) {
        (Some(before), Some(found)) if before.user_id == found.user_id => {
            Some(TokenOwner { nickname: found.nickname.or(before.nickname), ..found })
        }
        (_, Some(found)) => Some(found),
        (before, None) => before.filter(|_| !other_user),
    }
}

fn shown(owner: &TokenOwner) -> String {
    owner.nickname.as_ref().map_or_else(|| owner.user_id.to_string(), |name| format!("{} ({name})", owner.user_id))
}
