//! What the commands that steer posts have in common: a deed done to each of the posts, or only looked at, in somebody's name.

use super::{caveat, refusal, target};
use crate::cli::context::CommandContext;
use crate::cli::failure::{DONE, Failure};
use crate::cli::flags::Common;
use crate::cli::terminal::format::{print_json, time};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;
use crate::domain::post::PostState;
use crate::store::Store;
use crate::store::queue::OperatorRefusal;

/// What a command that steers does: to which posts, as a person names them, or only looks.
pub(super) struct Steering<'a> {
    pub(super) posts: &'a [String],
    pub(super) dry_run: bool,
}

/// Does something to each of the posts and says what became of it; with `dry_run` it only says what would. A refusal does not keep
/// the others from it; the first one gives the exit code. With `--json`, the posts that were (or would be) moved, as they stand.
pub(super) async fn steer(
    common: &Common,
    home: &CommandContext,
    steering: Steering<'_>,
    may: impl AsyncFn(&Store, i64) -> Result<(), OperatorRefusal>,
    deed: impl AsyncFn(&Store, i64) -> Result<(), OperatorRefusal>,
    done: impl Fn(i64) -> String,
) -> Result<u8, Failure> {
    let store = home.open().await?;
    let mut moved = Vec::new();
    let (mut code, mut possible) = (DONE, false);
    for named in steering.posts {
        let post = match target::to_steer(home, &store, named, &may).await {
            Ok(post) => post,
            Err(failure) => {
                failure.tell();
                code = if code == DONE { failure.code() } else { code };
                continue;
            }
        };
        let result = if steering.dry_run { may(&store, post).await } else { deed(&store, post).await };
        possible |= result.is_ok();
        match result {
            Ok(()) if common.json => {
                moved.extend(store.post(post).await?.map(|post| post.at(Clock::system().now())));
            }
            Ok(()) if steering.dry_run => say!("would do: {}", done(post)),
            Ok(()) => {
                let caveat = match store.post(post).await? {
                    Some(row) if row.state == PostState::Scheduled => caveat::caveat(home, &store, &row).await?,
                    _ => String::new(),
                };
                say!("{}{caveat}", done(post));
            }
            Err(refusal) => {
                let failure = match refusal {
                    OperatorRefusal::BeforeItsJob { post, occurs_at } => {
                        let due = time(occurs_at, &home.zone(&store).await?, Clock::system().now());
                        Failure::not_possible(format!(
                            "post {post} is due {due} by its job file; it goes out earlier only when its job file says so"
                        ))
                    }
                    refusal => refusal::refused(home, refusal),
                };
                failure.tell();
                code = if code == DONE { failure.code() } else { code };
            }
        }
    }
    if steering.dry_run {
        end_dry_run(possible);
    } else {
        home.wake_daemon();
    }
    store.close().await;
    if common.json {
        print_json(&moved)?;
    }
    if code == DONE { Ok(DONE) } else { Err(Failure::told(code)) }
}

/// The last words of a dry run. `would`: whether the same command would change anything.
pub(super) fn end_dry_run(would: bool) {
    match would {
        true => note!("nothing was changed; without --dry-run it would be"),
        false => note!("nothing was changed, and without --dry-run nothing would be"),
    }
}

/// Who gives the order: the name of the user, as the events record it.
pub(super) fn actor() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}
