//! The coming posts, by the day in the zone of each.

use std::fmt::Write as _;

use super::line::{one_line, sign};
use crate::cli::plan::coming::Coming;
use crate::cli::plan::comparison::PlanReport;
use crate::cli::terminal::format::instant;
use crate::cli::terminal::width::{fit, pad, width};
use crate::domain::content::Body;
use crate::domain::post::PostState;

/// Most lines.
const LINES_MAX: usize = 400;
/// So many posts of one job on one day that say the same are one line.
const TOGETHER_MIN: usize = 5;
/// What the columns hold: the length is that of the text, as Kakao counts.
const TITLES: [&str; 5] = ["TIME", "ACCOUNT", "TYPE", "LENGTH", "JOB"];

/// A post, or several of a day that are alike.
struct ComingLine {
    day: String,
    sign: char,
    cells: [String; 5],
    says: String,
    /// When the last of them appears, and how many there are.
    last: String,
    posts: usize,
}

impl ComingLine {
    fn of(one: &Coming, report: &PlanReport) -> Self {
        // `Tue 2026-12-01 09:00 KST`
        let shown = instant(one.at, &one.face.zone);
        let (day, time) =
            (shown.get(..14).unwrap_or(&shown).to_owned(), shown.get(15..).unwrap_or_default().to_owned());
        let state = Some(one.state.to_string()).filter(|_| one.state != PostState::Scheduled);
        let notes: Vec<String> = state.into_iter().chain(one.notes.iter().cloned()).collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
        let kind = match &one.face.content.body {
            Body::Photo { images, .. } => format!("photo×{}", images.len()),
            _ => one.face.content.kind().to_owned(),
        };
        let text = one_line(one.face.content.text().unwrap_or_default());
        let says = match &one.face.content.body {
            Body::Link { url, text: None } => url.clone(),
            Body::Photo { images, text: None } => {
                images.iter().map(|image| image.name.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => text,
        };
        let job = format!("{}{notes}", one.job);
        let account = report.titles.get(&one.face.account).unwrap_or(&one.face.account).clone();
        let cells = [time.clone(), account, kind, one.length.to_string(), job];
        Self { day, sign: sign(one.kind), cells, says, last: time, posts: 1 }
    }

    /// Whether it differs from another one in its time alone.
    fn is_like(&self, other: &Self) -> bool {
        (&self.day, self.sign, &self.cells[1..], &self.says) == (&other.day, other.sign, &other.cells[1..], &other.says)
    }

    /// The job, with how many posts there are.
    fn job(&self) -> String {
        match self.posts {
            1 => self.cells[4].clone(),
            posts => {
                let last = self.last.split(' ').next().unwrap_or_default();
                format!("{} ({posts} posts, to {last})", self.cells[4])
            }
        }
    }
}

pub(super) fn coming(report: &PlanReport, columns: usize) -> String {
    let mut lines = together(report.coming.iter().map(|one| ComingLine::of(one, report)).collect());
    let (more, posts) = (lines.len().saturating_sub(LINES_MAX), |lines: &[ComingLine]| -> usize {
        lines.iter().map(|line| line.posts).sum()
    });
    let left_out = if more > 0 { posts(lines.get(LINES_MAX..).unwrap_or_default()) } else { 0 };
    lines.truncate(LINES_MAX);
    for line in &mut lines {
        line.cells[4] = line.job();
    }
    let mut widths = TITLES.map(width);
    for line in &lines {
        for (widest, cell) in widths.iter_mut().zip(&line.cells) {
            *widest = width(cell).max(*widest);
        }
    }
    // A long name must not push away what the posts say.
    widths[4] = widths[4].min(columns / 3);
    let row = |sign: char, [time, account, kind, units, job]: [&str; 5], says: &str| {
        let start = format!(
            "{sign} {}  {}  {}  {}{units}  {}  ",
            pad(time, widths[0]),
            pad(account, widths[1]),
            pad(kind, widths[2]),
            " ".repeat(widths[3].saturating_sub(width(units))),
            pad(&fit(job, widths[4]), widths[4]),
        );
        let says = fit(says, columns.saturating_sub(width(&start)).max(8));
        format!("{start}{says}").trim_end().to_owned()
    };
    let mut out = String::new();
    if !lines.is_empty() {
        writeln!(out, "{}", row(' ', TITLES, "TEXT")).ok();
    }
    let mut day = "";
    for line in &lines {
        if line.day != day {
            day = &line.day;
            writeln!(out, "{day}").ok();
        }
        writeln!(out, "{}", row(line.sign, line.cells.each_ref().map(String::as_str), &line.says)).ok();
    }
    if left_out > 0 {
        writeln!(out, "  … and {left_out} more; --json lists all, --days fewer").ok();
    }
    out
}

/// Those of a day that are alike as one line, where they are many; in the order of days and times.
fn together(mut lines: Vec<ComingLine>) -> Vec<ComingLine> {
    // Zones apart: an instant that comes later may lie on an earlier day.
    lines.sort_by(|one, other| one.day.get(4..).cmp(&other.day.get(4..)));
    let mut all: Vec<ComingLine> = Vec::new();
    for of_day in lines.chunk_by(|one, other| one.day == other.day) {
        let mut done = vec![false; of_day.len()];
        for (index, line) in of_day.iter().enumerate() {
            if std::mem::replace(&mut done[index], true) {
                continue;
            }
            let alike: Vec<usize> = (index..of_day.len()).filter(|other| of_day[*other].is_like(line)).collect();
            let many = alike.len() >= TOGETHER_MIN;
            let (day, cells, says) = (line.day.clone(), line.cells.clone(), line.says.clone());
            let last = alike.last().map_or(line, |last| &of_day[*last]).last.clone();
            let posts = if many { alike.len() } else { 1 };
            all.push(ComingLine { day, sign: line.sign, cells, says, last, posts });
            for other in alike.into_iter().filter(|_| many) {
                done[other] = true;
            }
        }
    }
    all
}
