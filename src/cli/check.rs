//! `storyd check`: every problem of every job file, without running anything.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::context;
use super::failure::{DONE, Failure, PROBLEMS};
use super::flags::Common;
use super::terminal::format::{counted, paint, print_json};
use super::terminal::output::{self, say};
use super::written::LineDates;
use crate::domain::clock::{Clock, later};
use crate::plan::{self, LoadInputs, Plan, files};
use crate::yaml::problem::{self, Code, Paint, Problem, Problems, Severity, Source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Job files and folders of them; `-` reads one from standard input [default: `jobs` of the settings]
    jobs: Vec<PathBuf>,
    /// How problems are shown; github: as annotations of a pull request [default: human, or json with --json]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Ask Kakao too: tokens, consents, links, and logins that end before a post is due
    #[arg(long)]
    online: bool,
    /// The name of what `-` reads, for problems and for the images beside it
    #[arg(long, value_name = "FILE", default_value = "<stdin>")]
    stdin_name: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Sentences with excerpts
    Human,
    /// For programs
    Json,
    /// Workflow commands of GitHub
    Github,
}

/// What `--format json` prints.
#[derive(Serialize)]
struct CheckResult<'a> {
    /// How many jobs the files hold; nothing while there are errors.
    jobs: Option<usize>,
    /// The job files; nothing while there are errors.
    files: Option<&'a [PathBuf]>,
    /// Errors, warnings and notes, by file and place.
    problems: &'a [Problem],
}

pub(super) async fn run(common: &Common, args: &Args) -> Result<u8, Failure> {
    let home = context::home(common)?;
    let (stdin, given): (Vec<PathBuf>, Vec<PathBuf>) =
        args.jobs.iter().cloned().partition(|path| path.as_os_str() == "-");
    let paths = if stdin.is_empty() { context::job_paths(&given, &home.settings)? } else { given };
    let now = Clock::system().now();
    let texts = if stdin.is_empty() { Ok(Vec::new()) } else { from_stdin(&args.stdin_name).map(|text| vec![text]) };
    let loaded = match texts {
        Ok(texts) => plan::load_with(&paths, &LoadInputs { texts, ..home.beside() }, now),
        Err(problem) => Err(Problems::new(vec![*problem], Vec::new())),
    };
    let loaded =
        loaded.and_then(|plan| plan.at_most(home.settings.max_planned, now, later(now, home.settings.horizon)));
    let mut found = match &loaded {
        Ok(plan) => {
            let written = LineDates::of(&plan.past).await;
            let mut found = plan.over(now, |past| written.at(past));
            found.extend(plan.warnings.iter().cloned());
            problem::in_order(found)
        }
        Err(problems) => problems.list().to_vec(),
    };
    for problem in &mut found {
        named_in_vain(problem, &args.jobs);
    }
    if let (true, Ok(plan)) = (args.online, &loaded) {
        found.extend(context::preflight(&home, plan).await?);
    }
    let format = args.format.unwrap_or(if common.json { Format::Json } else { Format::Human });
    show(format, loaded.as_ref(), &found)?;
    let broken = found.iter().any(|problem| problem.severity().is_error());
    Ok(if broken { PROBLEMS } else { DONE })
}

/// Whoever names a folder means the job files in it: without any, nothing was checked. The folder of the command itself may be empty.
fn named_in_vain(problem: &mut Problem, named: &[PathBuf]) {
    let folder = problem.file().to_owned();
    let is_here = || folder.canonicalize().ok() == std::env::current_dir().ok();
    if problem.code == Code::EmptyFolder && named.contains(&folder) && !is_here() {
        *problem = Problem::of_file(Code::Unreadable, &folder, problem.message.clone())
            .help("name the folder or the files that hold the jobs");
    }
}

fn from_stdin(name: &Path) -> Result<Arc<Source>, Box<Problem>> {
    let mut bytes = Vec::new();
    // One byte more than is read, so that what is too large is told from what just fits.
    let read = std::io::stdin().lock().take(files::TEXT_BYTES_MAX + 1).read_to_end(&mut bytes);
    match read {
        Ok(_) => files::decoded(name, bytes),
        Err(error) => Err(Box::new(files::unreadable(name, &error))),
    }
}

fn show(format: Format, loaded: Result<&Plan, &Problems>, found: &[Problem]) -> Result<(), Failure> {
    let paint = paint(&std::io::stdout());
    let broken = found.iter().any(|problem| problem.severity().is_error());
    match format {
        Format::Json => {
            let whole = loaded.ok().filter(|_| !broken);
            print_json(&CheckResult {
                jobs: whole.map(|plan| plan.jobs.len()),
                files: whole.map(|plan| plan.files.as_slice()),
                problems: found,
            })?;
        }
        Format::Github => {
            found.iter().for_each(|problem| say!("{}", annotation(problem)));
            say!("{}", summary(loaded, found));
        }
        Format::Human => {
            let text = match loaded {
                Err(problems) => problems.render(paint),
                Ok(_) => problem::render(found, paint),
            };
            output::write(format_args!("{text}"));
            say!("{}", summary(loaded, found));
            if broken && paint == Paint::Colour {
                say!(
                    "`storyd explain CODE` tells more, as in `storyd explain {}`",
                    found.iter().find(|p| p.severity().is_error()).map_or("E021", |p| p.code.as_str())
                );
            }
        }
    }
    Ok(())
}

/// `2 jobs in 1 file: no problems, 1 warning`, or `3 problems`.
fn summary(loaded: Result<&Plan, &Problems>, found: &[Problem]) -> String {
    let count = |severity| found.iter().filter(|problem| problem.severity() == severity).count();
    let errors = count(Severity::Error);
    if errors > 0 {
        return counted(errors, "problem");
    }
    let mut text = match loaded {
        Ok(plan) if plan.files.is_empty() => "no job file, so nothing would be posted: no problems".to_owned(),
        Ok(plan) => {
            format!("{} in {}: no problems", counted(plan.jobs.len(), "job"), counted(plan.files.len(), "file"))
        }
        Err(_) => "no problems".to_owned(),
    };
    for (severity, noun) in [(Severity::Warning, "warning"), (Severity::Note, "note")] {
        if count(severity) > 0 {
            text.push_str(&format!(", {}", counted(count(severity), noun)));
        }
    }
    text
}

/// A workflow command that GitHub shows at the line of the pull request.
fn annotation(problem: &Problem) -> String {
    let kind = match problem.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    // GitHub knows files by their path from the top, without a dot before it.
    let file = problem.file().strip_prefix(".").unwrap_or(problem.file());
    let mut place = format!("file={}", property(&file.display().to_string()));
    if let Some(at) = problem.place() {
        place.push_str(&format!(",line={},col={}", at.line, at.column));
    }
    let help: String = problem.help.iter().map(|help| format!("\n{help}")).collect();
    format!("::{kind} {place},title={}::{}", problem.code, data(&format!("{}{help}", problem.message)))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_cannot_be_broken_out_of() {
        let source = Arc::new(Source::new("a,b:c.yaml", "/", "x: 1\n"));
        let problem = Problem::new(Code::Syntax, &source, 0..1, "100%\n::error::x").help("so");
        assert_eq!(
            annotation(&problem),
            "::error file=a%2Cb%3Ac.yaml,line=1,col=1,title=E010::100%25%0A::error::x%0Aso"
        );
    }
}
