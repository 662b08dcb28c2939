//! `storyd check`: every problem of every job file, without running anything.

use std::path::PathBuf;

use serde::Serialize;

use super::failure::{DONE, Failure, PROBLEMS};
use super::show::{counted, paint, print_json};
use super::{Common, setup};
use crate::plan;
use crate::plan::problem::{self, Problem};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Job files and folders of them [default: `jobs` of the settings]
    jobs: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Findings<'a> {
    jobs: usize,
    files: &'a [PathBuf],
    problems: &'a [Problem],
}

pub(super) fn run(common: &Common, args: &Args) -> Result<u8, Failure> {
    let settings = setup::settings(common)?;
    let paths = setup::job_paths(&args.jobs, &settings)?;
    let stdout = std::io::stdout();
    match plan::load(&paths) {
        Ok(plan) if common.json => {
            print_json(&Findings { jobs: plan.jobs.len(), files: &plan.files, problems: &plan.warnings })?;
            Ok(DONE)
        }
        Ok(plan) => {
            anstream::print!("{}", problem::render(&plan.warnings, paint(&stdout)));
            let jobs = counted(plan.jobs.len(), "job");
            let files = counted(plan.files.len(), "file");
            let warnings = counted(plan.warnings.len(), "warning");
            anstream::println!("{jobs} in {files}: no problems, {warnings}");
            Ok(DONE)
        }
        Err(problems) if common.json => {
            print_json(&Findings { jobs: 0, files: &[], problems: problems.list() })?;
            Ok(PROBLEMS)
        }
        Err(problems) => {
            anstream::print!("{}", problems.render(paint(&stdout)));
            anstream::println!("{}", counted(problems.errors(), "problem"));
            Ok(PROBLEMS)
        }
    }
}
