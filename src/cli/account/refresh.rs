//! `storyd account refresh`: renews an account's tokens now.

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::at_kakao::{AtKakao, failed};
use super::row::{row_of, token_lines};
use super::unblock::try_again;
use crate::cli::context::{self, CommandContext};
use crate::cli::terminal::format::print_json;
use crate::cli::terminal::output::say;

pub(super) async fn run(common: &Common, home: &CommandContext, account: &str) -> Result<u8, Failure> {
    row_of(home, account).await?;
    let kakao = AtKakao::reach(home, account).await?;
    let result = renew(common, home, account, &kakao).await;
    kakao.stop().await;
    result
}

async fn renew(common: &Common, home: &CommandContext, account: &str, kakao: &AtKakao) -> Result<u8, Failure> {
    let tokens = context::tokens(home)?;
    let set = tokens.folder().load(account)?;
    let credentials = match &kakao.credentials {
        Ok(credentials) => credentials,
        Err(failure) => return Err(failure.clone()),
    };
    let now = kakao.clock.now();
    let renewed = tokens.refresh_now(&kakao.client, account, Some(credentials), &set.access_token, now).await;
    renewed.map_err(|fault| failed(&format!("the tokens of {account} were not renewed"), &fault))?;
    try_again(home, account).await?;
    let row = row_of(home, account).await?;
    if common.json {
        print_json(&row)?;
    } else {
        say!("the tokens of {account} were renewed");
        let zone = home.zone_anyway().await?;
        for (label, value) in token_lines(&row, &zone) {
            say!("  {label:<14} {value}");
        }
    }
    Ok(DONE)
}
