//! Records in words: the timeline that people read while a run goes on, and the next morning.

mod agreed;
mod amount;
pub mod chart;
mod data;
mod decided;
mod diff;
mod drill;
mod exposition;
mod period;
mod proof;
mod recourse;
mod timeline;
mod times;

pub use amount::{bytes_text, rows_text};
pub use data::{act_text, loss_lines, point_text};
pub use decided::{decided_details, decided_text};
pub use diff::{Difference, FileDiff, ServiceDiff, Snapshot, Standing, diff};
pub use drill::{DRILL_KINDS, DrillReport, drill_is_due, drills};
pub use exposition::{Gauges, exposition};
pub use period::{
    CHANGELOG_KINDS, Change, Deployed, Dora, Figures, Goal, Goals, Kind, PageError, Period, Scope, Share, Spread,
    Story, agreed_for, changelog, changelog_markdown, period, period_html, period_markdown, scope_of, stories,
};
pub use recourse::{recourse_text, restart_text, stray_text};
pub use timeline::{Line, Timeline, check_text, result_text};
pub use times::{Times, times};
