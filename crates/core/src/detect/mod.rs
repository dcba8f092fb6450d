//! From measurements to verdicts.

mod backtest;
mod bar;
mod count;
mod evidence;
mod expect;
mod instances;
mod integrity;
mod judge;
mod line_rate;
mod log;
mod news;
mod query;
mod ready;
mod replay;
mod sample;
mod trouble;
mod usage;
mod weigh;

pub use backtest::{Backtest, Compared, Recording, RecordingProblem, SeriesKind, backtest};
pub use bar::{Bar, is_of_bar};
pub use count::{Point, Rises, Snapshot, Tally, question, snapshots};
pub use evidence::{
    Against, Blips, Bucket, Counts, Detector, Edges, Evidence, History, Latencies, Settings, Signal, SignalEvidence,
    Watched,
};
pub use expect::{
    Comparison, Endpoint, HttpAnswer, Led, Patterns, Said, compare_containers, is_led_to, is_not_known_to_be_led_to,
    said_before, says_as_recorded, time_left,
};
pub use instances::{Ailment, ailment, is_down};
pub use integrity::broken_integrity;
pub use judge::{Judge, Rules, is_red};
pub use line_rate::LineRate;
pub use log::{LogFound, LogScan};
pub use news::News;
pub(crate) use query::counting;
pub use query::{QueryAnswer, WrittenAnswer, number, with_samples};
pub use ready::{ReadyWatch, Start};
pub use replay::{FORMAT as RECORDING_FORMAT, KeptWatch, Played, Recorder, Setting, replay};
pub(crate) use sample::ERROR_RATES;
pub use sample::{Measured, Resource, Sample, SignalPath, Unit, is_error_rate};
pub use trouble::TroubleWatch;
pub use usage::{Usage, Using};
pub use weigh::{Comparing, Counting};
