//! From the plan to the queue: occurrences become posts, changes reach what still waits, what left the job files is withdrawn.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::telling;
use crate::engine::context::Ctx;
use crate::engine::planned::{PlannedOccurrences, names, unmade};
use crate::engine::report::Result;
use crate::plan::Plan;
use crate::store::StoreError;
use crate::store::queue::Enqueued;

/// Brings the queue in line with the plan in force. Without a plan nothing is touched.
pub async fn run_once(ctx: &Ctx) -> Result<Enqueued> {
    let (Some(plan), _) = ctx.plan.get() else { return Ok(Enqueued::default()) };
    let now = ctx.clock.now();
    // Nothing is enqueued without its pictures: told to stop, nobody waits for them.
    tokio::select! {
        taken = take_images(ctx, &plan) => taken?,
        () = ctx.stop.told() => return Ok(Enqueued::default()),
    }
    ctx.store.keep_calendar(&telling::zone(&ctx.zone()), now).await?;
    let accounts: BTreeSet<&str> = plan.jobs.values().map(|job| job.account.as_str()).collect();
    let pace = |account| (account, ctx.rules.pace_for(account));
    ctx.store.set_paces(&accounts.into_iter().map(pace).collect::<Vec<_>>(), now).await?;
    let frozen = frozen_jobs(ctx).await?;
    let names = names(&plan).into_iter().chain(frozen.iter().map(String::as_str)).collect::<Vec<_>>();
    let (mut unmade_so_far, mut report) = (Vec::new(), Enqueued::default());
    let mut wanted = PlannedOccurrences::of(&ctx.store, &plan, &ctx.rules, now).await?;
    loop {
        let batch = wanted.next();
        unmade_so_far.extend(unmade(&batch));
        report += ctx.store.enqueue(&batch, &names, now).await?;
        // Whoever is told to stop stops between two batches: each is whole.
        if batch.is_empty() || ctx.stop.is_told() {
            break;
        }
    }
    ctx.plan.set_unmade(unmade_so_far);
    const STEP: &str = "put every post of the job files into the queue";
    match report.refused {
        0 => ctx.refused.over(STEP),
        1 => ctx.refused.note(STEP, "1 of them was not taken; the daemon's log names it"),
        posts => ctx.refused.note(STEP, &format!("{posts} of them were not taken; the daemon's log names each")),
    }
    Ok(report)
}

/// The jobs that the queue knows from files that cannot be read now, or that a broken file names: nothing says that they left.
async fn frozen_jobs(ctx: &Ctx) -> Result<Vec<String>> {
    let frozen = ctx.plan.frozen();
    if frozen.is_empty() {
        return Ok(Vec::new());
    }
    let mut jobs = ctx.store.jobs_and_files().await?;
    jobs.retain(|(job, file)| frozen.iter().any(|frozen| frozen.covers(file) || frozen.names(job)));
    Ok(jobs.into_iter().map(|(job, _)| job).collect())
}

/// Takes over the bytes of every image before a post can refer to them.
async fn take_images(ctx: &Ctx, plan: &Arc<Plan>) -> Result<()> {
    let (media, plan) = (ctx.store.media().clone(), plan.clone());
    let take = move || -> Result<()> {
        for job in plan.jobs.values() {
            for (image, file) in job.all_images() {
                media.take(image, file)?;
            }
        }
        Ok(())
    };
    tokio::task::spawn_blocking(take)
        .await
        .unwrap_or_else(|_| Err(StoreError::Nonsense { what: "images whose reading was interrupted".into() }))
}
