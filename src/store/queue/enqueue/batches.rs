//! How many jobs are read and written at once.

use super::wanted::JobPosts;

/// Most jobs that are asked for together.
pub(super) const JOBS_AT_ONCE: usize = 1_000;

/// Jobs, and occurrences of theirs, that are read together: few enough that what they have is held in memory at once, and compared at once.
pub(super) const READ_AT_ONCE: (usize, usize) = (JOBS_AT_ONCE, 2_000);

/// The jobs in batches of at most so many, and of at most so many occurrences; one job at the least.
pub(super) fn batches<'a, 'b>(
    jobs: &'a [&'b JobPosts],
    most: (usize, usize),
) -> impl Iterator<Item = &'a [&'b JobPosts]> {
    let mut rest = jobs;
    std::iter::from_fn(move || {
        let mut occurrences = 0;
        let fits = |posts: &&&JobPosts| {
            occurrences += posts.occurrences.len();
            occurrences <= most.1
        };
        let count = rest.iter().take(most.0).take_while(fits).count().max(1).min(rest.len());
        let (batch, after) = rest.split_at(count);
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}
