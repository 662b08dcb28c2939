//! `storyd.yaml`: what the operator decides. Where the data lie, which accounts there are, how long things may take.
//!
//! Owns the defaults and the relations between the limits. Reading is pure, and a secret is only a reference here; the one file
//! that reads secrets is [`secret`].

mod account;
pub mod notify;
mod preflight;
mod read;
mod reference;
pub mod schema;
pub mod secret;
mod size;
mod types;
mod values;
mod watching;

use std::path::Path;
use std::sync::Arc;

pub use self::secret::Secret;
pub use self::types::{
    API_URL, Account, Contradiction, Defaults, Keep, LOGIN_URL, QUARANTINE_MARGIN, REDIRECT_URI, Settings, Timeouts,
    Watching, contradictions,
};
use crate::plan::files;
use crate::yaml::problem::{Problems, Source};

impl Settings {
    /// Reads the text of a `storyd.yaml`. Relative paths inside start from the folder of `path`. All problems come at once; no
    /// report shows a line of the file, or quotes a value that may be a secret: keys are typed in wrong places too.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Problems> {
        read::settings(&Arc::new(confidential(&Source::new(path, path.parent().unwrap_or(Path::new("")), text))))
    }

    /// Reads a `storyd.yaml` from disk; relative paths inside become absolute ones.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let source = files::text(path).map_err(|problem| Problems::new(vec![*problem], vec![path.to_owned()]))?;
        read::settings(&Arc::new(confidential(&source)))
    }
}

/// What can be said of settings that do not load.
#[derive(Debug)]
pub struct Rescued {
    /// Where the data lie, the zone and the names of the accounts, as far as they can be read; the defaults for everything else.
    pub settings: Settings,
    /// Whether the file says where the data lie.
    pub names_data_dir: bool,
    /// What is wrong.
    pub problems: Problems,
}

impl Settings {
    /// [`load`](Self::load), or what can be said all the same: enough for a command that only needs the queue.
    pub fn load_or_rescue(path: &Path) -> Result<Self, Box<Rescued>> {
        let source = match files::text(path) {
            Ok(source) => Arc::new(confidential(&source)),
            Err(problem) => {
                let problems = Problems::new(vec![*problem], vec![path.to_owned()]);
                return Err(Box::new(Rescued { settings: Self::default(), names_data_dir: false, problems }));
            }
        };
        let (read, problems) = match read::as_far_as_possible(&source) {
            (Some(settings), None) => return Ok(settings),
            (read, problems) => (read, problems.unwrap_or_else(|| Problems::new(Vec::new(), Vec::new()))),
        };
        let base = Self::default();
        let line = source.text().lines().find_map(|line| line.strip_prefix("data_dir:"));
        let settings = match read {
            Some(Self { data_dir, zone, accounts, .. }) => Self { data_dir, zone, accounts, ..base },
            // Not even its form can be read: the line that names the folder may stand there all the same.
            None => match line.and_then(plain) {
                Some(dir) => Self { data_dir: source.dir().join(dir), ..base },
                None => base,
            },
        };
        let names_data_dir = settings.data_dir != Self::default().data_dir;
        Err(Box::new(Rescued { settings, names_data_dir, problems }))
    }
}

/// A value that stands alone in its line, with or without quotes.
fn plain(value: &str) -> Option<&str> {
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split(quote).next());
    let value = quoted.unwrap_or_else(|| value.split(" #").next().unwrap_or_default().trim());
    (!value.is_empty() && !value.starts_with(['&', '*', '!', '|', '>', '{', '['])).then_some(value)
}

fn confidential(source: &Source) -> Source {
    Source::new(source.path(), source.dir(), source.text()).confidential()
}
