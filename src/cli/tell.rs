//! Tells a person how a command failed, and which problems their files have.

use std::process::ExitCode;

use super::failure::{Failure, PROBLEMS};
use super::terminal::format::{counted, paint};
use super::terminal::output::{aside_lines, note};
use crate::yaml::problem::Problems;

impl Failure {
    /// Says it and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        self.tell();
        ExitCode::from(self.code())
    }

    /// Says it, for commands that go on with something else.
    pub(super) fn tell(&self) {
        if !self.message().is_empty() {
            note!("storyd: {}", self.message());
        }
    }
}

/// Prints the problems for the person.
pub(super) fn tell_problems(problems: &Problems) {
    aside_lines(&problems.render(paint(&std::io::stderr())));
}

/// Prints the problems and gives the failure that stands for them.
pub(super) fn broken(problems: &Problems) -> Failure {
    tell_problems(problems);
    Failure::new(PROBLEMS, format!("{}; nothing was loaded", counted(problems.errors(), "problem")))
}
