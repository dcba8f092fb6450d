//! Journals: a record a line.

use backout_core::journal::Record;
use backout_core::run::Run;

/// Reads the lines that are records: each is written as it was read, and what they tell of a run is followed or refused.
pub(crate) fn feed(bytes: &[u8]) {
    let records: Vec<Record> =
        bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    for record in &records {
        let written = serde_json::to_string(record).expect("what was read can be written");
        let read: Record = serde_json::from_str(&written).expect("what was written can be read");
        assert_eq!(written, serde_json::to_string(&read).expect("what was read can be written"));
        let _ = Run::replay([record]);
    }
    if let Ok(mut run) = Run::replay(&records) {
        let _ = run.result();
        let _ = run.go_on(jiff::Timestamp::UNIX_EPOCH);
    }
}
