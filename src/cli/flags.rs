//! The flags that every command takes, and the settings file that counts by them.

use std::path::PathBuf;

/// What stands above the flags that every command takes, so that they do not lie between its own.
const EVERY_COMMAND: &str = "Options of every command";

/// Flags that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Common {
    /// The settings file [default: ./storyd.yaml, then /etc/storyd/storyd.yaml; none is needed with --sandbox]
    #[arg(long, global = true, help_heading = EVERY_COMMAND, env = "STORYD_SETTINGS", value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
    /// Use the embedded sandbox instead of Kakao; its queue, stories and tokens live in ./.storyd-sandbox
    #[arg(long, global = true, help_heading = EVERY_COMMAND)]
    pub(super) sandbox: bool,
    /// Folder of the queue, the images and the tokens; wins over the settings
    #[arg(long, global = true, help_heading = EVERY_COMMAND, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = EVERY_COMMAND)]
    pub(super) json: bool,
    /// What to log to stderr, as in `info` or `storyd=debug`
    #[arg(long, global = true, help_heading = EVERY_COMMAND, env = "STORYD_LOG", value_name = "FILTER", default_value = "warn")]
    pub(super) log: String,
}

/// The places where settings are looked for.
const SETTINGS_PLACES: [&str; 2] = ["storyd.yaml", "/etc/storyd/storyd.yaml"];

/// The settings file that counts, if there is one.
pub(super) fn settings_file(common: &Common) -> Option<PathBuf> {
    let found = || SETTINGS_PLACES.iter().map(PathBuf::from).find(|path| path.exists());
    common.settings.clone().or_else(found)
}
