//! Where settings are not at hand as they should be: what a command does all the same. What steers the queue needs no more than the folder of
//! the queue, and must work when somebody is in a hurry.

use super::Common;
use super::failure::{Failure, broken};
use super::output::note;
use super::setup::{Home, home_by, settings_file};
use crate::settings::{Rescued, Settings};

/// The home of a command that only needs the queue. Settings that do not load are told in one line, and it goes on with the folder that
/// the command line or what can be read of them names, else the usual one.
pub(super) fn home(common: &Common) -> Result<Home, Failure> {
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
