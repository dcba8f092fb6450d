//! Evidence: the anytime-valid detector. It turns what was measured into a number that a healthy deploy reaches with at
//! most a stated chance, however often one looks.

mod before;
mod bucket;
mod detector;
mod line;
mod settings;
mod signal;
mod statistic;
mod words;

pub use before::{Blips, Edges, History, Latencies};
pub use bucket::{Bucket, Counts};
pub use detector::{Against, Detector, Evidence, SignalEvidence, Watched};
pub use settings::Settings;
pub use signal::Signal;
pub(crate) use statistic::NEAR;
