//! What servers answer to queries. The first byte decides about the status and whether the body was cut.

use backout_core::detect::{QueryAnswer, WrittenAnswer, number, with_samples};
use jiff::Timestamp;

/// Reads an answer: a number is finite, and everything else has a reason.
pub(crate) fn feed(bytes: &[u8]) {
    let (how, body) = bytes.split_first().map_or((0, bytes), |(how, body)| (*how, body));
    let status = [200, 200, 400, 302, 503, 204, 0, 65_535][usize::from(how % 8)];
    let answer = WrittenAnswer { status, location: (how & 8 != 0).then_some("/graph"), body, is_cut: how & 16 != 0 };
    let read = number(&answer, Timestamp::UNIX_EPOCH);
    holds(&read);
    let counted = with_samples(read.clone(), read, u32::from(how));
    holds(&counted);
}

fn holds(answer: &QueryAnswer) {
    match answer {
        QueryAnswer::Number { value, .. } => assert!(value.is_finite()),
        QueryAnswer::Nothing { why } | QueryAnswer::Failed { why } => {
            assert!(!why.is_empty() && why.len() < 4096, "a reason that nobody can read: {} bytes", why.len());
        }
    }
}
