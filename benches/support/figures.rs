//! Figures of several rounds: the median, and how far they lie apart.

/// One row of the printed table: what was measured, and its figure in each round.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) figures: Vec<f64>,
    pub(crate) unit: &'static str,
}

pub(crate) fn median(figures: &[f64]) -> f64 {
    percentile(figures, 50.0)
}

/// The figure that `percent` of them do not exceed.
pub(crate) fn percentile(figures: &[f64], percent: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

fn short(figure: f64) -> String {
    match figure.abs() {
        large if large >= 1000.0 => format!("{figure:.0}"),
        medium if medium >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.3}"),
    }
}

/// A table with the median of each row and its smallest and largest figure.
pub(crate) fn print(rows: &[Row]) {
    println!("{:<58} {:>12} {:>12} {:>12}", "", "median", "least", "most");
    for row in rows.iter().filter(|row| !row.figures.is_empty()) {
        let least = row.figures.iter().copied().fold(f64::INFINITY, f64::min);
        let most = row.figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let label = format!("{} [{}]", row.what, row.unit);
        println!("{label:<58} {:>12} {:>12} {:>12}", short(median(&row.figures)), short(least), short(most));
    }
}
