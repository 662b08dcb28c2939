//! `storyd schema`: the JSON Schema of job files and settings, for editors.

use super::failure::{DONE, Failure};
use super::flags::Common;
use super::terminal::format::print_json;
use crate::plan::schema;
use crate::settings;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of what
    #[arg(value_enum, default_value_t = Of::Jobs)]
    of: Of,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    /// Job files
    Jobs,
    /// The settings file, storyd.yaml
    Settings,
}

pub(super) fn run(_: &Common, args: &Args) -> Result<u8, Failure> {
    print_json(&match args.of {
        Of::Jobs => schema::job_file(),
        Of::Settings => settings::schema::settings_file(),
    })?;
    Ok(DONE)
}
