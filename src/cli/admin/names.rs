//! Names that no account, job or tag has: refused with the nearest name, so that a slip in a hurry is noticed at once.

use super::super::failure::Failure;
use super::filter::Filter;
use crate::cli::context::CommandContext;
use crate::store::Store;
use crate::store::view::NameKind;
use crate::yaml::nearest::nearest;

/// Refuses a name that the queue has never seen. The accounts of the settings are known too.
pub(super) async fn check(home: &CommandContext, store: &Store, kind: NameKind, name: &str) -> Result<(), Failure> {
    if (kind == NameKind::Account && home.settings.accounts.contains_key(name)) || store.knows(kind, name).await? {
        return Ok(());
    }
    let mut names = store.names(kind).await?;
    if kind == NameKind::Account {
        names.extend(home.settings.accounts.keys().cloned());
    }
    let hint = did_you_mean(name, &names).unwrap_or_else(|| match kind {
        NameKind::Account => format!("`{}` lists the accounts", home.command("account list")),
        NameKind::Job => format!("`{}` lists the posts with their jobs", home.command("admin queue --all")),
        NameKind::Tag => "no post in the queue has it".to_owned(),
    });
    Err(Failure::no_such_thing(format!("there is no {} {name}; {hint}", kind.as_str())))
}

/// The same for what a list is narrowed by.
pub(super) async fn check_filter(home: &CommandContext, store: &Store, filter: &Filter) -> Result<(), Failure> {
    let named = [(NameKind::Account, &filter.account), (NameKind::Job, &filter.job), (NameKind::Tag, &filter.tag)];
    for (kind, name) in named {
        if let Some(name) = name {
            check(home, store, kind, name).await?;
        }
    }
    Ok(())
}

/// The question with the nearest name, where one is near.
pub(super) fn did_you_mean(name: &str, names: &[String]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    nearest(name, &names).map(|near| format!("did you mean {near}?"))
}
