//! `storyd sandbox`: the emulator of Kakao's servers alone, for any client.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::Common;
use super::failure::{DONE, Failure};
use super::show::print_json;
use crate::plan::duration;
use crate::sandbox::{self, FaultRule, Options};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8480", value_name = "ADDR")]
    listen: SocketAddr,
    /// An account that exists, with tokens printed at start; may be repeated
    #[arg(long = "account", value_name = "NAME", default_value = "sandbox")]
    accounts: Vec<String>,
    /// Keep everything that Kakao would remember in this file, over restarts
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Something that goes wrong, always or with a probability, as in `lost-after=0.2`; may be repeated
    #[arg(long = "fault", value_name = "NAME[=PROBABILITY]")]
    faults: Vec<FaultRule>,
    /// Seed of chance: the same seed and requests give the same run
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// How long after its creation a story appears in the list, as in `5s`
    #[arg(long, default_value = "0s", value_parser = read_duration, value_name = "DURATION")]
    list_lag: Duration,
}

#[derive(Serialize)]
struct Account<'a> {
    account: &'a str,
    access_token: &'a str,
    refresh_token: &'a str,
}

#[derive(Serialize)]
struct Started<'a> {
    url: String,
    accounts: Vec<Account<'a>>,
}

pub(super) async fn run(common: &Common, args: Args) -> Result<u8, Failure> {
    let options = Options {
        listen: args.listen,
        accounts: args.accounts,
        ledger: args.ledger,
        faults: args.faults,
        seed: args.seed,
        list_lag: args.list_lag,
        ..Options::default()
    };
    let running = sandbox::start(options).await?;
    let accounts: Vec<Account<'_>> = running
        .accounts()
        .iter()
        .map(|a| Account { account: &a.account, access_token: &a.access_token, refresh_token: &a.refresh_token })
        .collect();
    if common.json {
        print_json(&Started { url: running.url(), accounts })?;
    } else {
        anstream::println!("sandbox at {} (API and login); its page: {0}/", running.url());
        for account in accounts {
            anstream::println!(
                "account {}  access token {}  refresh token {}",
                account.account,
                account.access_token,
                account.refresh_token
            );
        }
        anstream::println!("stop with Ctrl-C");
    }
    crate::engine::daemon::until_told_to_stop().await?;
    running.stop().await;
    Ok(DONE)
}

/// A length of time as job files write it.
fn read_duration(text: &str) -> Result<Duration, String> {
    if text == "0" || text == "0s" {
        return Ok(Duration::ZERO);
    }
    duration::parse(text).map_err(|error| error.to_string())
}
