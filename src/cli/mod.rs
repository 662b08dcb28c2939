//! The commands: one file each. The only floor that prints, asks and sets exit codes.

mod account;
mod admin;
mod caveats;
mod check;
mod context;
mod explain;
mod failure;
mod flags;
mod notify;
mod plan;
mod rescue;
mod run;
mod sandbox;
mod schema;
mod tell;
pub mod terminal;
#[cfg(test)]
mod tests;
mod version;
mod written;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::terminal::output::note;
use failure::{DONE, Failure, UNEXPECTED};
use flags::Common;

/// Threads that the work is spread over.
const THREADS_MAX: usize = 4;
/// Threads for what waits for files: tokens, images, job files.
const BLOCKING_THREADS_MAX: usize = 32;

/// Posts to Kakao Story at the time that a job file says, and accounts for every post afterwards.
#[derive(Debug, Parser)]
#[command(name = "storyd", version = version::version(), about, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done · 1 unexpected · 2 usage · 3 problems in job files or settings · 4 no such thing · \
    5 not possible in this state · 6 needs attention · 7 another daemon runs · 8 the database cannot be used · 9 the disk is full, fails or is not there · \
    10 `plan` would change something"
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The daemon: enqueues the job files and publishes what falls due
    Run(run::Args),
    /// Look for problems in job files, without running anything
    Check(check::Args),
    /// What the job files will change in the queue, and the coming posts
    Plan(plan::Args),
    /// What the code of a problem means, with a wrong example and the right one
    Explain(explain::Args),
    /// The JSON Schema of job files, or of the settings, for editors
    Schema(schema::Args),
    /// The sandbox alone, for any client
    Sandbox(sandbox::Args),
    /// The accounts that post
    #[command(subcommand)]
    Account(account::Command),
    /// See and steer the queue
    #[command(subcommand)]
    Admin(admin::Command),
    /// Who is told of troubles: test it, and see what is wrong
    #[command(subcommand)]
    Notify(notify::Command),
}

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(tell_bug));
    // A panic of a command is a bug of ours, and told by the hook; it still ends with a documented exit code.
    std::panic::catch_unwind(run_command).unwrap_or_else(|_| Failure::told(UNEXPECTED).report())
}

fn run_command() -> ExitCode {
    keep_out_of_core_dumps();
    keep_from_others();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return help(&error),
    };
    if let Err(failure) = start_printing(&cli) {
        return failure.report();
    }
    // A small service on whatever machine: more threads would hold memory and do nothing.
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(THREADS_MAX);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(threads).max_blocking_threads(BLOCKING_THREADS_MAX).enable_all();
    let runtime = match runtime.build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::unexpected(format!("cannot start: {error}")).report(),
    };
    let result = runtime.block_on(dispatch(cli));
    // Not waited for: a hanging upload that a drain has given up on must not keep the process alive.
    runtime.shutdown_background();
    let code = match (result, terminal::output::lost()) {
        (Ok(DONE), Some(why)) => Failure::unexpected(format!("not everything could be printed: {why}")).report(),
        (Ok(code), _) => ExitCode::from(code),
        (Err(failure), _) => failure.report(),
    };
    terminal::output::finish();
    code
}

/// What was asked about the command line, or is wrong with it. What a person typed is quoted there.
fn help(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string();
    match error.use_stderr() {
        true => terminal::output::aside_lines(&text),
        false => terminal::output::write(format_args!("{text}")),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Tokens and keys pass through this process: its memory is written to no core dump, and no other process of the same user may
/// read it. Where the system does not know how, nothing is lost.
fn keep_out_of_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}

/// What the process makes (the queue, images, tokens, backups) is its user's alone, whatever umask it was started with.
fn keep_from_others() {
    use rustix::fs::Mode;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// One sentence in place of a panic's message and backtrace, without any value.
fn tell_bug(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    note!("storyd: a bug of storyd{place}: {}; please report it", terminal::panic::said(info.payload()));
}

/// A file that may not grow any further (`ulimit -f`) is a write that fails, and no reason to be killed in the middle of one.
fn outlive_limits() {
    let signal = tokio::signal::unix::SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    if let Err(error) = tokio::signal::unix::signal(signal) {
        tracing::debug!(%error, "a file that reaches its limit ends the process");
    }
}

async fn dispatch(cli: Cli) -> Result<u8, Failure> {
    outlive_limits();
    let common = &cli.common;
    match cli.command {
        Command::Run(args) => run::run(common, args).await,
        Command::Check(args) => check::run(common, &args).await,
        Command::Plan(args) => plan::run(common, args).await,
        Command::Explain(args) => explain::run(common, &args),
        Command::Schema(args) => schema::run(common, &args),
        Command::Sandbox(args) => sandbox::run(common, args).await,
        Command::Account(command) => account::run(common, command).await,
        Command::Admin(command) => admin::run(common, command).await,
        Command::Notify(command) => notify::run(common, command).await,
    }
}

/// What runs for long prints beside its work; everything else while whoever reads is waited for.
fn start_printing(cli: &Cli) -> Result<(), Failure> {
    start_logging(&cli.common)?;
    match cli.command {
        Command::Run(_) | Command::Sandbox(_) => terminal::output::in_background(cli.common.json),
        _ => Ok(()),
    }
}

/// Logs go to stderr; under systemd without time and colour, which the journal adds itself.
fn start_logging(common: &Common) -> Result<(), Failure> {
    use std::io::IsTerminal;
    let json = common.json;
    // What goes wrong with a certificate is told where it is handled; who asks for these by name gets them.
    let quiet = if common.log.contains("rustls") { "" } else { ",rustls=off,rustls_platform_verifier=off" };
    let filter = tracing_subscriber::EnvFilter::try_new(format!("{}{quiet}", common.log)).map_err(|error| {
        Failure::usage(format!("--log {:?} is no filter ({error}); give a level such as `info`", common.log))
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || terminal::output::Log { json })
        .with_target(false)
        // A log that nobody reads any more is no reason to stop.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    if common.json {
        builder.json().init();
    } else if std::env::var_os("JOURNAL_STREAM").is_some() {
        builder.without_time().init();
    } else {
        builder.init();
    }
    Ok(())
}
