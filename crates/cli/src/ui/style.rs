//! Colours, tables and times. Meaning is in words; colour only repeats it.

use comfy_table::{Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use owo_colors::OwoColorize;

/// Words with their colour. The streams drop the colour where it is not wanted.
pub(crate) struct Paint;

impl Paint {
    pub(crate) fn error(text: &str) -> String {
        text.red().bold().to_string()
    }

    pub(crate) fn warning(text: &str) -> String {
        text.yellow().bold().to_string()
    }

    pub(crate) fn hint(text: &str) -> String {
        text.cyan().to_string()
    }

    pub(crate) fn good(text: &str) -> String {
        text.green().to_string()
    }

    /// What is there now and would not be.
    pub(crate) fn removed(text: &str) -> String {
        text.red().to_string()
    }

    /// What would be there.
    pub(crate) fn added(text: &str) -> String {
        text.green().to_string()
    }

    pub(crate) fn strong(text: &str) -> String {
        text.bold().to_string()
    }

    pub(crate) fn faint(text: &str) -> String {
        text.dimmed().to_string()
    }
}

/// A time of day in the local zone, to the millisecond.
pub(crate) fn clock_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string()
}

/// Rows under a head, aligned by columns.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !head.is_empty() {
        table.set_header(head.to_vec());
    }
    for row in rows {
        table.add_row(row.clone());
    }
    // A cell has a space on either side; at the edges it is in the way.
    let line = |line: &str| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned();
    let lines: Vec<String> = table.to_string().lines().map(line).collect();
    lines.join("\n")
}
