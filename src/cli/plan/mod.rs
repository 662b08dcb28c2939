//! `storyd plan`: what the job files will change in the queue, and the coming posts. Changes nothing.
//!
//! The changes come from the very code that enqueues, so that the queue becomes what is shown here.

mod coming;
mod comparison;
mod queued;
pub(crate) mod revision;
mod told;
mod warning;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::context;
use super::failure::{CHANGES, DONE, Failure};
use super::flags::Common;
use super::tell::broken;
use super::terminal::format::print_json;
use super::terminal::output::{self, note};
use crate::domain::clock::{Clock, later};
use crate::engine::{Rules, planned};
use crate::plan::{self, LoadInputs, Plan};
use crate::settings::Settings;
use crate::store::queue::{ChangeKind, PostChange};
use crate::store::{Access, Store, StoreError};
use coming::coming;
use comparison::PlanReport;
use queued::Queued;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing would change · 10 something would change · 3 problems in the job files; the others as \
    everywhere.\nA published post is never changed: `!` marks an edit that comes too late."
)]
pub(crate) struct Args {
    /// Job files and folders of them [default: `jobs` of the settings]
    jobs: Vec<PathBuf>,
    /// Compare with another version of the files instead of with the queue: a file or folder, or a revision of the git checkout that
    /// the files lie in, such as `main` or `HEAD~1`
    #[arg(long, value_name = "FILE|REV")]
    against: Option<String>,
    /// Show the posts of this many days
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(0..=400))]
    days: u16,
    /// Print Markdown for the comment of a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

pub(super) async fn run(common: &Common, args: Args) -> Result<u8, Failure> {
    let home = context::home(common)?;
    let paths = context::job_paths(&args.jobs, &home.settings)?;
    let rules = Rules::new(&home.settings)?;
    let now = Clock::system().now();
    let beside = home.beside();
    let plan = plan::load_with(&paths, &beside, now);
    let plan = plan.and_then(|plan| plan.at_most(rules.max_planned, now, later(now, rules.horizon)));
    let plan = plan.map_err(|problems| broken(&problems))?;
    let coming_until = later(now, Duration::from_secs(u64::from(args.days) * 86_400));
    let (against, (changes, unmade), queued) = match &args.against {
        Some(spec) => {
            // Accounts came and went since then.
            let beside = LoadInputs { accounts: BTreeSet::new(), ..beside };
            let (label, old) = revision::load(spec, &paths, &beside, now).await?;
            (label, planned::between_plans(&old, &plan, &rules, now)?, Queued::default())
        }
        None => match open(&home).await? {
            Some(store) => {
                let changes = planned::preview(Some(&store), &plan, &rules, now).await?;
                let queued = Queued::read(&store, &changes.0, coming_until, now).await?;
                store.close().await;
                ("queue".to_owned(), changes, queued)
            }
            None => {
                note!("storyd: there is no queue in {} yet, so everything is new", home.data_dir.display());
                ("nothing".to_owned(), planned::preview(None, &plan, &rules, now).await?, Queued::default())
            }
        },
    };
    let mut report = report(&plan, against, changes, &queued, &home.settings, coming_until, now);
    report.here = std::env::current_dir().ok();
    report.warnings.splice(..0, warning::no_text(&unmade));
    report.warnings.splice(..0, warning::held(&report.changes, &home));
    if common.json {
        print_json(&report)?;
    } else if args.markdown {
        output::write(format_args!("{}", told::markdown(&report)));
    } else {
        output::write(format_args!("{}", told::text(&report, super::terminal::width::of_terminal())));
    }
    Ok(if report.changes.iter().any(|change| change.kind != ChangeKind::Ignored) { CHANGES } else { DONE })
}

/// Everything that is told, from what was found.
fn report(
    plan: &Plan,
    against: String,
    changes: Vec<PostChange>,
    queued: &Queued,
    settings: &Settings,
    coming_until: Timestamp,
    now: Timestamp,
) -> PlanReport {
    let all = queued.lay_over(coming(&changes), &changes, now);
    let mut warnings = warning::find(&changes, &all, &queued.published, settings, now);
    warnings.extend(warning::turns(plan, &changes, now));
    PlanReport {
        against,
        commit: plan.commit().map(str::to_owned),
        at: now,
        jobs: plan.jobs.len(),
        files: plan.files.len(),
        changes: changes.into_iter().filter(|change| change.kind != ChangeKind::Unchanged).collect(),
        coming: all.into_iter().filter(|coming| coming.at <= coming_until && !coming.is_over(now)).collect(),
        coming_until,
        warnings,
        problems: plan.warnings.clone(),
        here: None,
        titles: settings.titles(),
    }
}

/// The queue, beside a daemon that may be running; nothing when there is none yet.
async fn open(home: &context::CommandContext) -> Result<Option<Store>, Failure> {
    match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
