//! Calls on behalf of an account: a token that is good, refreshed ahead of its end, and once more when Kakao refuses it.

use std::future::Future;
use std::time::Duration;

use super::context::Ctx;
use crate::domain::fault::{Block, BlockScope, Fault, FaultClass, Remedy};
use crate::network::kakao::error::{missing_consent, name_account, no_story_user};
use crate::network::kakao::login::SCOPES;
use crate::network::kakao::refresh::REFRESH_AHEAD;
use crate::network::kakao::token::AccessToken;
use crate::store::crash;

/// A token for the account that lives for so long, refreshed first when it does not.
pub(super) async fn token(ctx: &Ctx, account: &str, life: Duration) -> Result<AccessToken, Fault> {
    ctx.tokens.fresh(&ctx.kakao, account, ctx.credentials.get(account), life, ctx.clock.now()).await
}

/// Sees to it that the account's token lives for so long.
pub(super) async fn renew_ahead(ctx: &Ctx, account: &str, life: Duration) -> Result<(), Fault> {
    ctx.tokens.renew_ahead(&ctx.kakao, account, ctx.credentials.get(account), life, ctx.clock.now()).await
}

/// Fetches a new token after Kakao refused `used`.
pub(super) async fn refresh(ctx: &Ctx, account: &str, used: &AccessToken) -> Result<AccessToken, Fault> {
    ctx.tokens.refresh_now(&ctx.kakao, account, ctx.credentials.get(account), used, ctx.clock.now()).await
}

/// Makes a call that may be repeated. When Kakao refuses the token it is refreshed and the call made once more; a second refusal
/// blocks the account.
pub(super) async fn repeatable<T, F, Answer>(ctx: &Ctx, account: &str, call: F) -> Result<T, Fault>
where
    F: Fn(AccessToken) -> Answer,
    Answer: Future<Output = Result<T, Fault>>,
{
    let first = token(ctx, account, REFRESH_AHEAD).await?;
    let answer = match between_deaths(call(first.clone())).await {
        Err(fault) if fault.wants_refresh() => {
            let second = refresh(ctx, account, &first).await?;
            between_deaths(call(second))
                .await
                .map_err(|fault| if fault.wants_refresh() { refused_again(fault) } else { fault })
        }
        answer => answer,
    };
    answer.map_err(|fault| name_account(fault, account))
}

/// Whether Kakao serves the account, as far as that can be asked without a post.
pub(super) async fn served(ctx: &Ctx, account: &str) -> std::result::Result<(), Fault> {
    repeatable(ctx, account, async |token| ctx.kakao.token_info(&token).await).await?;
    let scopes = repeatable(ctx, account, async |token| ctx.kakao.scopes(&token, &SCOPES).await).await?;
    // Posting is what waits; what the other consent is needed for says so by itself. A consent that Kakao does not list at all may be given
    // all the same: only a post can tell.
    let refused = |id: &str| scopes.iter().any(|scope| scope.id == id && !scope.agreed);
    if refused(SCOPES[0]) {
        let missing = SCOPES.into_iter().filter(|id| refused(id));
        return Err(missing_consent(account, missing.map(str::to_owned).collect()));
    }
    match repeatable(ctx, account, async |token| ctx.kakao.is_story_user(&token).await).await? {
        true => Ok(()),
        false => Err(no_story_user()),
    }
}

/// What an answer about the list amounts to that misses the consent to read it. Where Kakao, asked for the consents, lists that one as given,
/// or cannot tell just now, the answer is none to go by: another may be right.
pub(super) async fn unless_consented(ctx: &Ctx, account: &str, fault: Fault) -> Fault {
    let misses_consent = matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Remedy::Consent(_)));
    if !misses_consent {
        return fault;
    }
    match repeatable(ctx, account, async |token| ctx.kakao.scopes(&token, &SCOPES).await).await {
        Ok(scopes) if scopes.iter().any(|scope| scope.id == SCOPES[1] && scope.agreed) => {
            Fault::transient("list", format!("{}, and Kakao lists the consent as given", fault.reason))
        }
        Err(Fault { class: FaultClass::Transient { .. }, .. }) => {
            Fault::transient("list", format!("{}, and Kakao cannot be asked for the consents", fault.reason))
        }
        Ok(_) | Err(_) => fault,
    }
}

/// One request. The process may die before it leaves, and before its answer is made use of.
pub(super) async fn between_deaths<Answer: Future>(request: Answer) -> Answer::Output {
    crash::point().await;
    let answer = request.await;
    crash::point().await;
    answer
}

/// What a second -401 amounts to: the fresh token is refused as well.
pub(super) fn refused_again(fault: Fault) -> Fault {
    Fault {
        class: FaultClass::Blocked(Block { scope: BlockScope::Account, cure: Remedy::LogIn }),
        code: fault.code,
        reason: format!("Kakao refuses the access token, and a fresh one too: {}", fault.reason),
        remedy: "Log the account in again with `storyd account login`; if Kakao's words speak of an IP address, ask the owner of \
                 the app to allow this server's."
            .into(),
        exchange: fault.exchange,
    }
}
