//! The recording: rows of a table, as buckets.

use super::columns::Columns;
use super::counters::{Counter, SeriesKind};
use crate::detect::evidence::{Bucket, Counts, Edges, Latencies};

/// A recorded series.
#[derive(Debug, Clone)]
pub struct Recording {
    pub(super) buckets: Vec<Bucket>,
    pub(super) edges: Edges,
    pub(super) kind: SeriesKind,
    /// What a person should know about how it was read.
    pub(super) notes: Vec<String>,
}

/// Why a recording could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingProblem {
    /// The line of the file, from 1.
    pub line: u64,
    /// What is wrong, in a sentence.
    pub what: String,
}

/// One row: its line, its time in seconds, and its cells.
struct Row {
    time: f64,
    cells: Vec<Option<f64>>,
}

impl Recording {
    /// Reads a table: a header, and rows with their lines. What its numbers are is found out unless given.
    ///
    /// # Errors
    /// With the line and a sentence, for the first thing that cannot be read.
    pub fn read(
        header: &[String],
        rows: &[(u64, Vec<String>)],
        kind: Option<SeriesKind>,
    ) -> Result<Self, RecordingProblem> {
        let columns = Columns::read(header).map_err(|what| RecordingProblem { line: 1, what })?;
        let mut notes = Vec::new();
        if !columns.ignored.is_empty() {
            notes.push(format!("columns that mean nothing here were left out: {}", columns.ignored.join(", ")));
        }
        let rows = numbers(header, &columns, rows)?;
        let rows = in_order(rows, &mut notes);
        let kind = kind.unwrap_or_else(|| kind_of(&columns, &rows));
        let edges = Edges::new(columns.edges.iter().map(|(edge, _)| *edge).collect());
        let buckets = Reader::new(&columns, &edges, kind, step(&rows)).buckets(&rows);
        Ok(Self { buckets, edges, kind, notes })
    }

    /// The times that the recording covers, in its own seconds; none where it has no rows.
    #[must_use]
    pub fn covers(&self) -> Option<(f64, f64)> {
        Some((self.buckets.first()?.at, self.buckets.last()?.at))
    }
}

/// Every cell as a number; an empty one, and one that is no finite number, was not measured.
fn numbers(header: &[String], columns: &Columns, rows: &[(u64, Vec<String>)]) -> Result<Vec<Row>, RecordingProblem> {
    let mut read = Vec::with_capacity(rows.len());
    for (line, row) in rows {
        let problem = |what: String| RecordingProblem { line: *line, what };
        if row.len() != header.len() {
            return Err(problem(format!("has {} cells, and the header has {}", row.len(), header.len())));
        }
        let mut cells = Vec::with_capacity(row.len());
        for (name, text) in header.iter().zip(row) {
            let is_known = !columns.ignored.contains(&name.trim().to_ascii_lowercase());
            cells.push(if is_known { number(name, text).map_err(problem)? } else { None });
        }
        let time = cells[columns.time].ok_or_else(|| problem("has no time in its column `t`".to_owned()))?;
        read.push(Row { time, cells });
    }
    Ok(read)
}

fn number(name: &str, text: &str) -> Result<Option<f64>, String> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "" | "-" | "null" | "none" | "na" | "nan" => return Ok(None),
        "true" => return Ok(Some(1.0)),
        "false" => return Ok(Some(0.0)),
        _ => {}
    }
    if let Ok(number) = text.parse::<f64>() {
        return Ok(number.is_finite().then_some(number));
    }
    // Only times are written in another way.
    let time: Option<jiff::Timestamp> = if name.trim().eq_ignore_ascii_case("t") { text.parse().ok() } else { None };
    let time = time.ok_or_else(|| format!("`{text}` in the column `{name}` is no number"))?;
    Ok(Some(time.as_duration().as_secs_f64()))
}

/// Rows by their time; of two with the same time the later line counts.
fn in_order(mut rows: Vec<Row>, notes: &mut Vec<String>) -> Vec<Row> {
    let unordered = rows.windows(2).filter(|pair| pair[1].time <= pair[0].time).count();
    if unordered > 0 {
        notes.push(format!("{unordered} rows were not after the row before; they were put in order"));
        rows.sort_by(|a, b| a.time.total_cmp(&b.time));
        rows.reverse();
        rows.dedup_by(|a, b| a.time.total_cmp(&b.time).is_eq());
        rows.reverse();
    }
    rows
}

/// The usual time between rows, in seconds.
fn step(rows: &[Row]) -> f64 {
    let mut steps: Vec<f64> = rows.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.0)
}

fn kind_of(columns: &Columns, rows: &[Row]) -> SeriesKind {
    let last_edge = columns.edges.last().map(|(_, index)| *index);
    let first_edge = columns.edges.first().map(|(_, index)| *index);
    let Some(all) = columns.requests.or(columns.beyond).or(last_edge) else { return SeriesKind::Counts };
    let some = columns.errors.or(first_edge).unwrap_or(all);
    let pairs: Vec<(f64, f64)> = rows.iter().filter_map(|row| row.cells[all].zip(row.cells[some])).collect();
    SeriesKind::of(&pairs)
}

/// Turns rows into buckets.
struct Reader<'a> {
    columns: &'a Columns,
    edges: &'a Edges,
    kind: SeriesKind,
    step: f64,
    counters: Vec<Counter>,
}

impl<'a> Reader<'a> {
    fn new(columns: &'a Columns, edges: &'a Edges, kind: SeriesKind, step: f64) -> Self {
        Self { columns, edges, kind, step, counters: Vec::new() }
    }

    fn buckets(mut self, rows: &[Row]) -> Vec<Bucket> {
        let mut last: Option<f64> = None;
        let mut buckets = Vec::with_capacity(rows.len());
        for row in rows {
            self.counters.resize(row.cells.len(), Counter::default());
            // What a counter shows after a gap came in all of it.
            let since = last.replace(row.time).map_or(self.step, |last| row.time - last);
            let span = if self.kind == SeriesKind::Counters { since } else { self.step };
            buckets.push(self.bucket(row, span));
        }
        buckets
    }

    fn bucket(&mut self, row: &Row, span: f64) -> Bucket {
        let columns = self.columns;
        let requests = self.count(row, columns.requests);
        let errors = self.count(row, columns.errors);
        let old = self.count(row, columns.old_requests).zip(self.count(row, columns.old_errors));
        let latencies = self.latencies(row, requests);
        let counted = requests.zip(errors).or_else(|| Some((latencies.as_ref()?.total(), 0.0)));
        let new = counted.map(|(requests, errors)| Counts { requests, errors, latencies });
        let old = old.map(|(requests, errors)| Counts { requests, errors, latencies: None });
        let up = columns.up.and_then(|index| row.cells[index]).map(|up| up >= 0.5);
        Bucket { at: row.time, span, new, old, up, ..Bucket::default() }
    }

    /// How many there were; a negative number was not measured.
    fn count(&mut self, row: &Row, column: Option<usize>) -> Option<f64> {
        let index = column?;
        let value = row.cells[index].filter(|value| *value >= 0.0);
        self.counters[index].since(self.kind, value)
    }

    /// Cumulative buckets, as requests between edges.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests in one row")]
    fn latencies(&mut self, row: &Row, requests: Option<f64>) -> Option<Latencies> {
        if self.columns.edges.is_empty() {
            return None;
        }
        let within: Vec<Option<f64>> =
            self.columns.edges.iter().map(|(_, index)| self.count(row, Some(*index))).collect();
        let beyond = self.count(row, self.columns.beyond);
        let within: Vec<f64> = within.into_iter().collect::<Option<_>>()?;
        let all = beyond.or(requests).unwrap_or_else(|| within.last().copied().unwrap_or(0.0));
        let mut latencies = Latencies::none(self.edges);
        let mut below = 0.0;
        for (cell, up_to) in within.into_iter().chain([all]).enumerate() {
            latencies.add(cell, (up_to - below).max(0.0).round() as u32);
            below = up_to.max(below);
        }
        Some(latencies)
    }
}
