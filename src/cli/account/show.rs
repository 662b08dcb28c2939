//! `storyd account list` and `show`: what is known of the accounts, without asking Kakao.

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::row::{AccountJson, row_of, rows, token_lines, who};
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{ColumnLayout, counted, instant, print_json, relative, time};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;

pub(super) async fn list(common: &Common, home: &CommandContext) -> Result<u8, Failure> {
    let rows = rows(home).await?;
    if common.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        note!("no accounts; `{}` adds one", home.command("account login NAME"));
    } else {
        print(home, &rows, &home.zone_anyway().await?);
    }
    Ok(DONE)
}

pub(super) async fn show(common: &Common, home: &CommandContext, account: &str) -> Result<u8, Failure> {
    let row = row_of(home, account).await?;
    if common.json {
        print_json(&row)?;
        return Ok(DONE);
    }
    let (now, zone) = (Clock::system().now(), home.zone_anyway().await?);
    let title = home.settings.titles().remove(account).map_or_else(String::new, |title| format!(" ({title})"));
    say!("{account}{title} is {}", who(&row));
    for (label, value) in token_lines(&row, &zone) {
        say!("  {label:<14} {value}");
    }
    if let Some(at) = row.obtained_at {
        say!("  {:<14} {}", "renewed", time(at, &zone, now));
    }
    let keys = if row.in_settings { "in the settings" } else { "none: its tokens cannot be renewed" };
    say!("  {:<14} {keys}", "app keys");
    say!("  {:<14} {} for their time", "waiting", counted(usize::try_from(row.waiting).unwrap_or(usize::MAX), "post"));
    if let (Some(reason), Some(remedy)) = (&row.blocked, &row.remedy) {
        let since = row.blocked_at.map_or_else(String::new, |at| format!(" since {}", instant(at, &zone)));
        say!("  {:<14} {reason}{since}", "blocked");
        say!("  {:<14} → {remedy}", "");
        if let Some(at) = row.probe_at {
            say!("  {:<14} tried again {}", "", time(at, &zone, now));
        }
    } else {
        say!("  {:<14} no", "blocked");
    }
    if let Some(told_as) = row.told_as {
        say!("  {:<14} Kakao shows its texts {}", "texts", told_as.words());
    }
    if !row.has_token {
        note!("account {account} needs a login: `{}`", home.command(&format!("account login {account}")));
    }
    Ok(DONE)
}

fn print(home: &CommandContext, rows: &[AccountJson], zone: &str) {
    let now = Clock::system().now();
    let mut columns = ColumnLayout::new(
        &["ACCOUNT", "ACCESS TOKEN UNTIL", "REFRESH TOKEN", "STATUS"],
        &["ACCOUNT", "ACCESS TOKEN UNTIL", "REFRESH TOKEN", "STATUS"],
    );
    for row in rows {
        let access = match (row.has_token, row.access_expires_at) {
            (false, _) => ["none".to_owned(), String::new()],
            (true, Some(at)) => [instant(at, zone), format!("({})", relative(at, now))],
            (true, None) => ["unknown".to_owned(), String::new()],
        };
        let refresh = match (row.has_refresh_token, row.refresh_expires_at) {
            (false, _) => ["none".to_owned(), String::new()],
            (true, Some(at)) => [format!("until {}", instant(at, zone)), format!("({})", relative(at, now))],
            (true, None) => ["yes".to_owned(), String::new()],
        };
        let stands = match (&row.blocked, row.has_token) {
            (Some(_), _) => "blocked",
            (None, false) => "needs a login",
            (None, true) => "good",
        };
        let cells = |join: &str| {
            let both = |pair: &[String; 2]| pair.join(join).trim_end().to_owned();
            let account = match home.settings.shown(&row.account) {
                title if title == row.account => title.to_owned(),
                title => format!("{} ({title})", row.account),
            };
            vec![account, both(&access), both(&refresh), stands.to_owned()]
        };
        columns.add(cells(" "), cells("\n"));
    }
    columns.print();
    for row in rows {
        if let (Some(reason), Some(remedy)) = (&row.blocked, &row.remedy) {
            note!("account {} is blocked: {reason}. {remedy}", row.account);
        } else if !row.has_token {
            let login = home.command(&format!("account login {}", row.account));
            note!("account {} needs a login: `{login}`", row.account);
        }
    }
}
