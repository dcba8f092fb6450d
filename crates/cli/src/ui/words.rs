//! Numbers, times and versions as people say them.

use std::time::Duration;

use backout_core::inventory::Version;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// How many characters of a digest tell it apart.
const DIGEST: usize = 12;
/// A word of hexadecimal digits this long is a digest.
const IS_DIGEST: usize = 32;

/// A date and a time in the local zone, to the second.
pub(crate) fn date_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How long ago something was: `5 min ago`. What is yet to come is `in 5 min`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    match Duration::try_from(now.duration_since(at)) {
        Ok(since) if since < Duration::from_secs(1) => "just now".to_owned(),
        Ok(since) => format!("{} ago", span(since)),
        Err(_) => format!("in {}", span(Duration::try_from(at.duration_since(now)).unwrap_or_default())),
    }
}

/// A span in its largest unit that makes sense: `350 ms`, `4.2 s`, `5 min`, `3 h`, `12 d`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        1..10 => format!("{:.1} s", span.as_secs_f64()),
        10..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

/// A number of things: `1 service`, `3 services`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// What is executed, short enough for a line: of an image id or a commit the first digits.
pub(crate) fn short_version(version: &Version) -> String {
    let (kind, name) = version.code.split_once(':').unwrap_or(("", &version.code));
    let is_digest = name.len() >= IS_DIGEST && name.chars().all(|c| c.is_ascii_hexdigit());
    match (kind, is_digest) {
        (_, true) => name.chars().take(DIGEST).collect(),
        ("release", false) => format!("release {name}"),
        (_, false) => version.code.clone(),
    }
}

/// A version in words, with what is executed beside it unless the words have that already.
pub(crate) fn labelled(label: &str, version: Option<&Version>) -> String {
    match version.map(short_version) {
        Some(code) if !label.contains(&code) => format!("{label} ({code})"),
        Some(_) => label.to_owned(),
        None => format!("{label} (several versions)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str) -> String {
        short_version(&Version { code: code.to_owned(), spec: String::new() })
    }

    #[test]
    fn spans_are_told_in_one_unit() {
        let told = |ms| span(Duration::from_millis(ms));
        assert_eq!([told(350), told(4_230), told(59_900)], ["350 ms", "4.2 s", "59 s"]);
        assert_eq!([told(61_000), told(7_300_000), told(200_000_000)], ["1 min", "2 h", "2 d"]);
    }

    #[test]
    fn past_and_future_are_told_apart() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(ago(at(100), at(100)), "just now");
        assert_eq!(ago(at(100), at(400)), "5 min ago");
        assert_eq!(ago(at(400), at(100)), "in 5 min");
    }

    #[test]
    fn what_words_say_already_is_not_said_twice() {
        let version = Version { code: format!("sha256:{}", "ab".repeat(32)), spec: String::new() };
        assert_eq!(labelled("app:1", Some(&version)), "app:1 (abababababab)");
        assert_eq!(labelled("app:1 (abababababab)", Some(&version)), "app:1 (abababababab)");
        assert_eq!(labelled("app:1", None), "app:1 (several versions)");
    }

    #[test]
    fn only_digests_are_cut() {
        assert_eq!(code(&format!("sha256:{}", "ab".repeat(32))), "abababababab");
        assert_eq!(code(&"0123456789abcdef".repeat(3)), "0123456789ab");
        assert_eq!(code("release:20261121"), "release 20261121");
        assert_eq!(code("build-7"), "build-7");
    }
}
