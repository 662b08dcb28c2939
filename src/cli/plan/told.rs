//! The plan as people read it: the changes with what differs, then the coming posts day by day. Pure; columns are counted as a terminal
//! shows them.

mod coming;
mod line;

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::comparison::PlanReport;
use crate::cli::terminal::format::{counted, instant, length};
use crate::cli::terminal::width::{fit, pad, width};
use crate::domain::content::{Body, Content};
use crate::domain::post::PostState;
use crate::store::queue::{ChangeKind, PostChange, Snapshot};
use crate::yaml::problem::{Paint, render};
use coming::coming;
use line::{one_line, sign};

/// Most posts of one job that are shown one by one for one kind of change; the others are counted.
const EACH_MAX: usize = 4;
/// Most lines of one text's differences.
const DIFF_LINES_MAX: usize = 40;
/// GitHub refuses comments of more than 65,536 characters.
const MARKDOWN_CHARS_MAX: usize = 60_000;
/// Columns of a Markdown block.
const MARKDOWN_WIDTH: usize = 100;

/// `2 added, 1 changed`; `no changes`. A post that moves to another time counts once, as it is shown.
fn summary(report: &PlanReport) -> String {
    let count = |kind| report.changes.iter().filter(|change| change.kind == kind).count();
    let moved = moved(report).len();
    let parts = [
        (count(ChangeKind::Added) - moved, "added"),
        (count(ChangeKind::Changed), "changed"),
        (moved, "moved"),
        (count(ChangeKind::Cancelled) - moved, "cancelled"),
        (count(ChangeKind::Held), "held instead of cancelled"),
        (count(ChangeKind::Ignored), "too late to change"),
    ];
    let said: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let said = if said.is_empty() { "no changes".to_owned() } else { said.join(", ") };
    format!("{} in {}: {said}", counted(report.jobs, "job"), counted(report.files, "file"))
}

/// For a terminal of so many columns.
pub(super) fn text(report: &PlanReport, columns: usize) -> String {
    let said = summary(report);
    let said = if width(&said) > columns { said.replacen(": ", ":\n", 1) } else { said };
    let mut out = format!("{said}{}\n", compared(report));
    let changes = changes(report, columns);
    if !changes.is_empty() {
        write!(out, "\n{changes}").ok();
    }
    let coming = coming(report, columns);
    write!(out, "\n{}\n{coming}", coming_title(report)).ok();
    for warning in &report.warnings {
        write!(out, "\nwarning: {}", warning.message).ok();
    }
    if !report.warnings.is_empty() {
        out.push('\n');
    }
    if !report.problems.is_empty() {
        write!(out, "\n{}", from_here(&render(&report.problems, Paint::Plain), report)).ok();
    }
    out
}

/// For the comment of a pull request. Texts stand in fences, so that nothing in them is markup and nobody is mentioned.
pub(super) fn markdown(report: &PlanReport) -> String {
    let mut out = format!("### storyd plan\n\n{}{}\n", summary(report), compared(report));
    let changes = changes(report, MARKDOWN_WIDTH);
    if !changes.is_empty() {
        write!(out, "\n{}", fenced("diff", &changes)).ok();
    }
    if !report.warnings.is_empty() {
        let warnings: String = report.warnings.iter().map(|warning| format!("{}\n", warning.message)).collect();
        write!(out, "\n**To look at**\n\n{}", fenced("text", &warnings)).ok();
    }
    if !report.problems.is_empty() {
        let problems: String = report.problems.iter().map(|problem| format!("{problem}\n")).collect();
        write!(out, "\n**Warnings of the job files**\n\n{}", fenced("text", &from_here(&problems, report))).ok();
    }
    let coming = fenced("text", &coming(report, MARKDOWN_WIDTH));
    write!(out, "\n<details><summary>{}</summary>\n\n{coming}\n</details>\n", coming_title(report)).ok();
    out
}

/// A block that ends where it should: its fence is longer than any within, and it is cut to what a comment may hold.
fn fenced(kind: &str, text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let limit = MARKDOWN_CHARS_MAX / 4;
    let cut = text.char_indices().nth(limit).map_or(text, |(at, _)| text.get(..at).unwrap_or(text));
    let more = if cut.len() < text.len() { "\n… and more; `storyd plan` shows all of it" } else { "" };
    format!("{fence}{kind}\n{}{more}\n{fence}\n", cut.trim_end())
}

/// The paths as they are from the folder in which the command was given.
fn from_here(text: &str, report: &PlanReport) -> String {
    match &report.here {
        Some(here) if here.parent().is_some() => text.replace(&format!("{}/", here.display()), ""),
        _ => text.to_owned(),
    }
}

fn compared(report: &PlanReport) -> String {
    match report.against.as_str() {
        "queue" | "nothing" => String::new(),
        other => format!("\nagainst {other}"),
    }
}

fn coming_title(report: &PlanReport) -> String {
    let (from, until) = (report.at.as_second(), report.coming_until.as_second());
    let days = u64::try_from(until - from).unwrap_or(0) / 86_400;
    let days = if days == 1 { "a day".to_owned() } else { format!("{days} days") };
    format!("coming within {days}: {}", counted(report.coming.len(), "post"))
}

/// What changes that are shown together have in common: the job, the kind, and what differs.
type Alike<'a> = (&'a str, ChangeKind, &'a [&'static str]);

/// The changes in the order of their first times, those of one job and kind together.
fn changes(report: &PlanReport, columns: usize) -> String {
    let moved = moved(report);
    let mut groups: Vec<(Alike<'_>, Vec<&PostChange>)> = Vec::new();
    for change in report.changes.iter().chain(&moved) {
        if change.kind != ChangeKind::Changed && moved.iter().any(|moved| moved.job == change.job) {
            continue;
        }
        let key = (change.job.as_str(), change.kind, change.parts.as_slice());
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(change),
            None => groups.push((key, vec![change])),
        }
    }
    for (_, group) in &mut groups {
        group.sort_by_key(|change| face(change).map(|face| face.occurs_at));
    }
    let first = |group: &[&PostChange]| group.first().and_then(|change| face(change)).map(|face| face.occurs_at);
    groups.sort_by_cached_key(|((job, kind, _), group)| (first(group), *job, *kind));
    let mut out = String::new();
    for ((_, kind, _), group) in groups {
        // What differs is shown with the first; the same edit of thirty posts need not be read thirty times.
        let shown = if kind == ChangeKind::Changed { 1 } else { EACH_MAX };
        let shown = if group.len() == shown + 1 { shown + 1 } else { shown };
        for change in group.iter().take(shown) {
            one_change(&mut out, change, columns);
        }
        if let Some(last) = group.get(shown..).and_then(<[&PostChange]>::last) {
            let until = face(last).map_or_else(String::new, |face| instant(face.occurs_at, &face.zone));
            let word = if kind == ChangeKind::Changed { "more like it" } else { "more" };
            writeln!(out, "    and {} {word}, the last on {until}", group.len() - shown).ok();
        }
    }
    out
}

/// The jobs of which one post leaves and another comes: what a person calls a moved time.
fn moved(report: &PlanReport) -> Vec<PostChange> {
    let of = |kind, job: &str| {
        let mut all = report.changes.iter().filter(move |change| change.kind == kind && change.job == job);
        all.next().filter(|_| all.next().is_none())
    };
    let cancelled =
        report.changes.iter().filter(|change| change.kind == ChangeKind::Cancelled && !change.source.is_empty());
    let pairs = cancelled.filter_map(|gone| {
        let gone = of(ChangeKind::Cancelled, &gone.job)?;
        let come = of(ChangeKind::Added, &gone.job).filter(|come| come.before.is_none())?;
        let reason = "another time is another post: the first is cancelled".to_owned();
        Some(PostChange { kind: ChangeKind::Changed, before: gone.before.clone(), reason, ..come.clone() })
    });
    pairs.collect()
}

fn face(change: &PostChange) -> Option<&Snapshot> {
    change.after.as_ref().or(change.before.as_ref())
}

fn one_change(out: &mut String, change: &PostChange, columns: usize) {
    let Some(face) = face(change) else { return };
    let head = format!(
        "{} {}  {}  {}  {}{}",
        sign(change.kind),
        change.job,
        instant(face.occurs_at, &face.zone),
        face.account,
        face.content.kind(),
        state(change)
    );
    writeln!(out, "{head}").ok();
    if !change.reason.is_empty() {
        writeln!(out, "    because {}", change.reason).ok();
    }
    match (change.kind, &change.before, &change.after) {
        (ChangeKind::Added, _, Some(after)) => {
            let says = one_line(&excerpt(&after.content));
            writeln!(out, "    {}", fit(&says, columns.saturating_sub(4))).ok();
        }
        (ChangeKind::Changed | ChangeKind::Ignored, Some(before), Some(after)) => {
            differences(out, before, after, columns)
        }
        _ => {}
    }
}

/// The state, where it is not what one expects.
fn state(change: &PostChange) -> String {
    match (change.kind, change.becomes) {
        (ChangeKind::Added | ChangeKind::Changed, PostState::Scheduled)
        | (ChangeKind::Cancelled | ChangeKind::Held, _) => String::new(),
        (_, state) => format!("  ({state})"),
    }
}

/// What a post says.
fn excerpt(content: &Content) -> String {
    let text = content.text().unwrap_or_default();
    match &content.body {
        Body::Note { .. } => text.to_owned(),
        Body::Photo { images, .. } => {
            let names: Vec<&str> = images.iter().map(|image| image.name.as_str()).collect();
            format!("[{}] {text}", names.join(", "))
        }
        Body::Link { url, .. } => format!("[{url}] {text}"),
    }
}

fn differences(out: &mut String, before: &Snapshot, after: &Snapshot, columns: usize) {
    let deletion = |face: &Snapshot| match (face.delete_after_s, face.delete_at) {
        (_, Some(at)) => instant(at, &face.zone),
        (Some(seconds), None) => format!("{} after it was posted", length(std::time::Duration::from_secs(seconds))),
        (None, None) => "never".into(),
    };
    let or_none = |text: Option<&str>| text.unwrap_or("none").to_owned();
    let mut line = |name: &str, old: String, new: String| {
        if old != new {
            writeln!(out, "    {}{old} → {new}", pad(name, 10)).ok();
        }
    };
    line("time", instant(before.occurs_at, &before.zone), instant(after.occurs_at, &after.zone));
    line("zone", before.zone.clone(), after.zone.clone());
    line("account", before.account.clone(), after.account.clone());
    line("blackout", or_none(before.blackout.as_deref()), or_none(after.blackout.as_deref()));
    line("type", before.content.kind().into(), after.content.kind().into());
    line("audience", audience(&before.content), audience(&after.content));
    let url = |face: &Snapshot| match &face.content.body {
        Body::Link { url, .. } => url.clone(),
        _ => "none".into(),
    };
    line("url", url(before), url(after));
    line("late", before.late.clone(), after.late.clone());
    line("in doubt", before.in_doubt.clone(), after.in_doubt.clone());
    line("deletion", deletion(before), deletion(after));
    line("tags", before.tags.join(" "), after.tags.join(" "));
    let app = |face: &Snapshot| serde_json::to_string(&face.content.app).unwrap_or_default();
    line("app", app(before), app(after));
    images(out, &before.content, &after.content);
    lines(out, before.content.text().unwrap_or_default(), after.content.text().unwrap_or_default(), columns);
}

fn audience(content: &Content) -> String {
    let share = match content.enable_share {
        Some(true) => ", sharing allowed",
        Some(false) => ", sharing not allowed",
        None => "",
    };
    format!("{}{share}", content.permission.as_str())
}

/// The images that differ, by name, and by their bytes where the name is the same.
fn images(out: &mut String, before: &Content, after: &Content) {
    let (old, new) = (before.images(), after.images());
    if old == new {
        return;
    }
    writeln!(out, "    images").ok();
    let named = |image: &crate::domain::content::Image| {
        format!("{} ({} bytes, sha256 {}…)", image.name, image.bytes, image.sha256.get(..8).unwrap_or_default())
    };
    let (gone, come): (Vec<_>, Vec<_>) = (
        old.iter().filter(|image| !new.contains(image)).collect(),
        new.iter().filter(|image| !old.contains(image)).collect(),
    );
    for (sign, images) in [('-', &gone), ('+', &come)] {
        for image in images {
            writeln!(out, "      {sign} {}", named(image)).ok();
        }
    }
    if gone.is_empty() && come.is_empty() {
        let order: Vec<&str> = new.iter().map(|image| image.name.as_str()).collect();
        writeln!(out, "      in another order: {}", order.join(", ")).ok();
    }
}

/// The text, line by line.
fn lines(out: &mut String, before: &str, after: &str, columns: usize) {
    if before == after {
        return;
    }
    writeln!(out, "    text").ok();
    let diff = TextDiff::from_lines(before, after);
    let all: Vec<String> = diff
        .iter_all_changes()
        .map(|change| {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value().trim_end_matches('\n');
            let line = if width(line) + 8 <= columns { line.to_owned() } else { fit(line, columns.saturating_sub(8)) };
            format!("      {sign} {line}").trim_end().to_owned()
        })
        .collect();
    for line in all.iter().take(DIFF_LINES_MAX) {
        writeln!(out, "{line}").ok();
    }
    if all.len() > DIFF_LINES_MAX {
        writeln!(out, "      … and {} lines more", all.len() - DIFF_LINES_MAX).ok();
    }
}

#[cfg(test)]
mod tests;
