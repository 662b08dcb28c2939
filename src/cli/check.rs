//! `storyd check`: every problem of every job file, without running anything.

use std::path::PathBuf;

use serde::Serialize;

use super::failure::{DONE, Failure, PROBLEMS};
use super::output::{self, say};
use super::show::{counted, paint, print_json};
use super::{Common, setup};
use crate::domain::clock::Clock;
use crate::plan;
use crate::plan::problem::{self, Problem};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Job files and folders of them [default: `jobs` of the settings]
    jobs: Vec<PathBuf>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Findings<'a> {
    /// How many jobs the files hold; nothing while there are errors.
    jobs: Option<usize>,
    /// The job files; nothing while there are errors.
    files: Option<&'a [PathBuf]>,
    /// Errors and warnings, by file and place.
    problems: &'a [Problem],
}

pub(super) fn run(common: &Common, args: &Args) -> Result<u8, Failure> {
    let settings = setup::settings(common)?;
    let paths = setup::job_paths(&args.jobs, &settings)?;
    let paint = paint(&std::io::stdout());
    match plan::load(&paths, Clock::system().now()) {
        Ok(plan) if common.json => {
            print_json(&Findings { jobs: Some(plan.jobs.len()), files: Some(&plan.files), problems: &plan.warnings })?;
            Ok(DONE)
        }
        Ok(plan) => {
            output::write(format_args!("{}", problem::render(&plan.warnings, paint)));
            let jobs = counted(plan.jobs.len(), "job");
            let files = counted(plan.files.len(), "file");
            let warnings = match plan.warnings.len() {
                0 => String::new(),
                count => format!(", {}", counted(count, "warning")),
            };
            say!("{jobs} in {files}: no problems{warnings}");
            Ok(DONE)
        }
        Err(problems) if common.json => {
            print_json(&Findings { jobs: None, files: None, problems: problems.list() })?;
            Ok(PROBLEMS)
        }
        Err(problems) => {
            output::write(format_args!("{}", problems.render(paint)));
            say!("{}", counted(problems.errors(), "problem"));
            Ok(PROBLEMS)
        }
    }
}
