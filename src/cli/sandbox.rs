//! `storyd sandbox`: the emulator of Kakao's servers alone, for any client.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::failure::{DONE, Failure};
use super::flags::Common;
use super::terminal::output::{self, say};
use crate::domain::duration;
use kakao_sandbox::{FaultRule, Options, SandboxError};

#[derive(Debug, clap::Args)]
#[command(after_long_help = faults())]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8480", value_name = "ADDR")]
    listen: SocketAddr,
    /// An account that exists, with tokens printed at start; may be repeated
    #[arg(long = "account", value_name = "NAME", default_value = "sandbox")]
    accounts: Vec<String>,
    /// Keep everything that Kakao would remember in this file, over restarts
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Something that goes wrong, always or with a probability, as in `answer-lost=0.2`; --help lists what can; may be repeated
    #[arg(long = "fault", value_name = "NAME[=PROBABILITY]", value_parser = read_fault)]
    faults: Vec<FaultRule>,
    /// Seed of chance: the same seed and requests give the same run
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// How long after its creation a story appears in the list, as in `5s`
    #[arg(long, default_value = "0s", value_parser = read_duration, value_name = "DURATION")]
    list_lag: Duration,
}

/// An account of what `--json` prints.
#[derive(Serialize)]
struct AccountLine<'a> {
    /// Its name.
    account: &'a str,
    /// Good for some hours.
    access_token: &'a str,
    /// Good for about two months.
    refresh_token: &'a str,
}

/// What `--json` prints, once, before the first request is served.
#[derive(Serialize)]
struct Started<'a> {
    /// Of both hosts, API and login.
    url: String,
    /// Those of `--account`, with tokens.
    accounts: Vec<AccountLine<'a>>,
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
    let running = kakao_sandbox::start(options).await?;
    let accounts: Vec<AccountLine<'_>> = running
        .accounts()
        .iter()
        .map(|a| AccountLine { account: &a.account, access_token: &a.access_token, refresh_token: &a.refresh_token })
        .collect();
    if common.json {
        // On one line: whoever started it reads on while it runs.
        let started = Started { url: running.url(), accounts };
        say!("{}", output::json(&started)?);
    } else {
        say!("sandbox at {} in place of both hosts, API and login; its stories are shown at {0}/", running.url());
        for AccountLine { account, access_token, refresh_token } in accounts {
            say!("account {account}");
            say!("  access token   {access_token}");
            say!("  refresh token  {refresh_token}");
        }
        say!("Ctrl-C stops it");
    }
    crate::engine::daemon::until_told_to_stop().await?;
    running.stop().await;
    Ok(DONE)
}

/// The tables of faults and deceits, for a terminal.
fn faults() -> String {
    let mut text = String::new();
    for (title, table) in [
        ("Faults, and what the client sees:\n", kakao_sandbox::FAULT_TABLE),
        (
            "\nDeceits: nothing goes wrong, and the answer tells what is not so. The ledger tells the truth:\n",
            kakao_sandbox::DECEIT_TABLE,
        ),
    ] {
        text.push_str(title);
        for row in table.lines().skip(2) {
            if let Some((names, seen)) = row.trim_matches(['|', ' ']).split_once(" | ") {
                text.push_str(&format!("  {}\n          {}\n", names.replace('`', ""), seen.replace('`', "")));
            }
        }
    }
    text.push_str(
        "\nA rule is NAME[=PROBABILITY][,count=N][,calls=CALL+CALL…][,account=NAME][,after=DURATION], as in\n  \
         --fault answer-lost,count=1,calls=note --fault delay=0.3,after=500ms\n\
         Deceits take `by` in place of `after`, and some a `size`, as in\n  \
         --fault date-ahead,by=90s,count=1 --fault text-cut,size=40,calls=note\n\
         GET /_sandbox/faults/names lists each name with its calls; PUT /_sandbox/faults sets other rules while it runs.\n",
    );
    text
}

fn read_fault(text: &str) -> Result<FaultRule, String> {
    text.parse().map_err(|error| match error {
        SandboxError::Fault { problem, .. } => problem,
        other => other.to_string(),
    })
}

/// A length of time as job files write it.
fn read_duration(text: &str) -> Result<Duration, String> {
    if text == "0" || text == "0s" {
        return Ok(Duration::ZERO);
    }
    duration::parse(text).map_err(|error| error.advised(text))
}
