//! `storyd admin clock`: whether the machine's clock is believed, and a person's word that it is right.

use jiff::Timestamp;
use serde::Serialize;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::steering::actor;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{instant, print_json, relative};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;
use crate::domain::notice::Trouble;
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Say that the clock is right as it stands, where no server can be asked; it holds until the clock is set again
    #[arg(long)]
    confirm: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct ClockJson {
    /// This machine's clock.
    now: Timestamp,
    /// When the daemon last believed it.
    believed_at: Option<Timestamp>,
    /// Whether an answer, or a person, had confirmed it then.
    confirmed: bool,
    /// Why it is in doubt, as the daemon last looked.
    doubt: Option<String>,
    /// When a person said that it is right.
    word_at: Option<Timestamp>,
    /// Who.
    word_by: Option<String>,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let read = Clock::system().reading();
    if args.confirm {
        store.confirm_clock(&read, &actor()).await?;
        home.wake_daemon();
    }
    let (shown, zone) = (look(&store, read.wall).await?, home.zone(&store).await?);
    store.close().await;
    if common.json {
        print_json(&shown)?;
    } else {
        print(home, &shown, &zone, args.confirm);
    }
    Ok(DONE)
}

async fn look(store: &Store, now: Timestamp) -> Result<ClockJson, Failure> {
    let (mark, word) = (store.clock_mark().await?, store.clock_word().await?);
    let open = store.standing_incidents().await?;
    Ok(ClockJson {
        now,
        believed_at: mark.as_ref().map(|mark| mark.read.wall),
        confirmed: mark.is_some_and(|mark| mark.confirmed),
        doubt: open.into_iter().find(|row| row.trouble == Trouble::ClockDoubt).map(|row| row.reason),
        word_at: word.as_ref().map(|word| word.read.wall),
        word_by: word.map(|word| word.actor),
    })
}

fn print(home: &CommandContext, shown: &ClockJson, zone: &str, confirmed: bool) {
    let then = |at: Timestamp| format!("{} ({})", instant(at, zone), relative(at, shown.now));
    say!("this machine's clock says {}", instant(shown.now, zone));
    match shown.believed_at {
        Some(at) if shown.confirmed => say!("it was last believed on {}, confirmed", then(at)),
        Some(at) => say!("it was last believed on {}, though no server had confirmed it", then(at)),
        None => say!("no daemon has believed it yet"),
    }
    if let (Some(at), Some(who)) = (shown.word_at, &shown.word_by) {
        say!("{who} said on {} that it is right", then(at));
    }
    match &shown.doubt {
        _ if confirmed => say!("it is taken to be right as it stands, until it is set again"),
        Some(why) => {
            say!("in doubt, as the daemon last looked: {why}");
            note!(
                "look at another clock first: `{}` lets posts go out by this one",
                home.command("admin clock --confirm")
            );
        }
        None => say!("it is not in doubt, as the daemon last looked"),
    }
}
