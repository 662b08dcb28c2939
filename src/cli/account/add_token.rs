//! `storyd account add-token`: takes over tokens that were obtained elsewhere.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::owner::{owner, refuse_another_user, refuse_with_doubts};
use super::row::{check_name, row_of, warn_short_life};
use super::unblock::let_go;
use crate::cli::context::{self, CommandContext};
use crate::cli::terminal::format::print_json;
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::{Clock, later};
use crate::network::kakao::token::{AccessToken, RefreshToken, TokenOwner, TokenSet};

/// A token is a few hundred characters; a file that is larger is another file.
const TOKEN_FILE_MAX: u64 = 16 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct AddToken {
    /// The account's name in job files and settings
    account: String,
    /// A file that holds the access token, and nothing else
    #[arg(long, value_name = "FILE")]
    access_token_file: PathBuf,
    /// A file that holds the refresh token; without it the account lasts only as long as its access token
    #[arg(long, value_name = "FILE")]
    refresh_token_file: Option<PathBuf>,
    /// Let the account post as another Kakao user than before
    #[arg(long)]
    other_user: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &AddToken) -> Result<u8, Failure> {
    if home.in_sandbox() {
        return Err(Failure::not_possible(
            "the accounts of the embedded sandbox get their tokens by themselves; leave --sandbox out for accounts at Kakao",
        ));
    }
    check_name(&args.account)?;
    let clock = Clock::system();
    let access = AccessToken::new(&read(&args.access_token_file)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", args.access_token_file.display())))?;
    let refresh = match &args.refresh_token_file {
        Some(file) => Some(
            RefreshToken::new(&read(file)?).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?,
        ),
        None => None,
    };
    let client = context::client(home, &clock)?;
    // Kakao tells whose the token is and how long it lasts. When it cannot be reached the tokens are kept all the same: the daemon will
    // see.
    let (found, access_expires_at) = match client.token_info(&access).await {
        Ok(info) => {
            let owner = TokenOwner { user_id: info.user_id, nickname: None };
            (Some(owner), info.expires_in.map(|life| later(clock.now(), life)))
        }
        Err(fault) if fault.wants_refresh() && refresh.is_none() => {
            let file = args.access_token_file.display();
            return Err(Failure::usage(format!(
                "{} refuses the access token in {file}: {}; hand in a fresh one, or a refresh token too",
                home.settings.api_url, fault.reason
            )));
        }
        Err(fault) if fault.wants_refresh() => (None, Some(clock.now())),
        Err(fault) => {
            note!("storyd: stored without having been checked at {}: {fault}", home.settings.api_url);
            (None, None)
        }
    };
    let folder = context::tokens(home)?;
    let before = folder.folder().load(&args.account).ok().and_then(|set| set.owner);
    let expected = before.as_ref().filter(|_| !args.other_user);
    refuse_another_user(&args.account, expected, found.as_ref(), "Hand in that user's tokens")?;
    if args.other_user {
        refuse_with_doubts(home, &args.account, before.as_ref(), found.as_ref()).await?;
    }
    let set = TokenSet {
        access_token: access,
        access_expires_at,
        refresh_token: refresh,
        refresh_expires_at: None,
        scopes: None,
        owner: owner(before, found, args.other_user),
        obtained_at: clock.now(),
        bought: None,
    };
    let lock = folder.folder().lock(&args.account)?;
    folder.folder().save(&lock, &set)?;
    let_go(home, &args.account, args.other_user).await?;
    let row = row_of(home, &args.account).await?;
    if common.json {
        print_json(&row)?;
    } else {
        say!("tokens of account {} stored in {}", args.account, home.tokens_dir().display());
    }
    warn_short_life(&row);
    Ok(DONE)
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}; check the path and who may read it", file.display()))
    };
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > TOKEN_FILE_MAX {
        return Err(Failure::usage(format!("{} is {size} bytes long, which is no token", file.display())));
    }
    // A device has no size, and may have no end.
    let mut text = String::new();
    std::fs::File::open(file).map_err(failed)?.take(TOKEN_FILE_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > TOKEN_FILE_MAX) {
        return Err(Failure::usage(format!("{} is too long for a token", file.display())));
    }
    Ok(text)
}
