//! Where settings are not at hand as they should be: what a command does all the same. What steers the queue needs no more than the folder of
//! the queue, and must work when somebody is in a hurry; and what is told of accounts that the settings do not name.

use super::context::{CommandContext, home_by};
use super::failure::Failure;
use super::flags::{Common, settings_file};
use super::tell::broken;
use super::terminal::output::note;
use crate::plan::LoadInputs;
use crate::settings::{Rescued, Settings};
use crate::yaml::nearest::nearest;

/// The home of a command that only needs the queue. Settings that do not load are told in one line, and it goes on with the folder that
/// the command line or what can be read of them names, else the usual one.
pub(super) fn home(common: &Common) -> Result<CommandContext, Failure> {
    let Some(file) = settings_file(common) else { return Ok(home_by(common, Settings::default())) };
    let rescued = match Settings::load_or_rescue(&file) {
        Ok(settings) => return Ok(home_by(common, settings)),
        Err(rescued) => *rescued,
    };
    let Rescued { settings, names_data_dir, problems } = rescued;
    let home = home_by(common, settings);
    let is_named = names_data_dir || common.data_dir.is_some() || common.sandbox;
    // Another folder than the one that is meant would be worse than none.
    if !is_named && !home.data_dir.join("queue.db").exists() {
        let failure = broken(&problems);
        note!("storyd: name the folder of the queue with --data-dir: the settings do not tell where it is");
        return Err(failure);
    }
    let first = problems.list().iter().find(|problem| problem.severity().is_error());
    let what = first.map_or_else(|| format!("{} cannot be read", file.display()), |problem| problem.to_string());
    let what = what.lines().next().unwrap_or_default().to_owned();
    note!(
        "storyd: the settings do not load, going on without them: {what}; the queue is in {}",
        home.data_dir.display()
    );
    Ok(home)
}

impl CommandContext {
    /// What is read beside job files. In the sandbox an account exists as soon as it is named.
    pub(super) fn beside(&self) -> LoadInputs {
        let accounts = match self.in_sandbox() {
            true => Default::default(),
            false => self.settings.accounts.keys().cloned().collect(),
        };
        LoadInputs { image_dirs: self.settings.image_dirs.clone(), accounts, ..LoadInputs::default() }
    }

    /// What is told of an account that has posts and no tokens.
    pub(super) fn without_tokens(&self, account: &str) -> String {
        let known: Vec<&str> = self.settings.accounts.keys().map(String::as_str).collect();
        if known.is_empty() || known.contains(&account) {
            let login = self.command(&format!("account login {account}"));
            return format!("account {account} has no tokens, so its posts wait; log it in with `{login}`");
        }
        let hint = match nearest(account, &known) {
            Some(near) => format!("did you mean {near}?"),
            None => "correct the job file, or add the account to the settings".to_owned(),
        };
        format!("the settings have no account {account}, so its posts wait; {hint}")
    }
}
