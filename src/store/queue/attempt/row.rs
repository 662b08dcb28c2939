//! The row of an attempt: opened with its claim, closed with its verdict.

use jiff::Timestamp;

use super::claim::Taken;
use crate::domain::fault::Fault;
use crate::store::error::Result;
use crate::store::queue::write::Write;
use crate::store::values::micros;
use crate::store::written::Written;

/// Opens the attempt row of a claim.
pub(crate) async fn open_attempt(tx: &mut Write, post: i64, kind: &str, now: Timestamp) -> Result<i64> {
    let at = micros(now);
    let done = sqlx::query!("INSERT INTO attempt (post_id, kind, started_at) VALUES ($1, $2, $3)", post, kind, at)
        .execute(&mut **tx)
        .await?;
    Ok(done.last_insert_rowid())
}

/// Closes the attempt with its verdict, or as lost when the guarded UPDATE hit no row, and commits.
pub(super) async fn finish(
    mut tx: Write,
    taken: &Taken,
    now: Timestamp,
    verdict: &str,
    fault: Option<&Fault>,
    rows: u64,
) -> Result<Written> {
    let written = Written::of(rows);
    let verdict = if written == Written::Done { verdict } else { "lost" };
    close_attempt_row(&mut tx, taken.attempt, now, verdict, fault).await?;
    tx.commit().await?;
    Ok(written)
}

/// Closes one attempt row; one that a sweep closed already is left as it is.
pub(crate) async fn close_attempt_row(
    tx: &mut Write,
    attempt: i64,
    now: Timestamp,
    verdict: &str,
    fault: Option<&Fault>,
) -> Result<()> {
    let at = micros(now);
    let class = fault.map(|fault| fault.class.as_str());
    let code = fault.map(|fault| fault.code.as_str());
    let reason = fault.map(|fault| fault.reason.as_str());
    let remedy = fault.map(|fault| fault.remedy.as_str());
    let exchange = fault.and_then(|fault| fault.exchange.as_deref());
    let request = exchange.map(|exchange| exchange.request.as_str());
    let answer = exchange.map(|exchange| exchange.answer.as_str());
    sqlx::query!(
        "UPDATE attempt SET ended_at = $2, verdict = $3, fault_class = $4, fault_code = $5, fault_reason = $6,
           fault_remedy = $7, request = $8, answer = $9
         WHERE id = $1 AND ended_at IS NULL",
        attempt,
        at,
        verdict,
        class,
        code,
        reason,
        remedy,
        request,
        answer
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
