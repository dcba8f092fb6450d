//! Amounts as people say them.

/// Units of 1000, as disks are sold.
const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];

/// A size in its largest unit that makes sense: `512 B`, `107 MB`, `1.2 GB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes_text(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        // What would be shown as 1000 of a unit is one of the next.
        if amount < 999.5 {
            break;
        }
        (amount, unit) = (amount / 1000.0, larger);
    }
    if amount < 9.95 { format!("{amount:.1} {unit}") } else { format!("{amount:.0} {unit}") }
}

/// A number of rows: `1 row`, `12 rows`.
#[must_use]
pub fn rows_text(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_or_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_960, "10 kB"),
            (107_400_000, "107 MB"),
            (999_600_000, "1.0 GB"),
            (1_832_000_000, "1.8 GB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(bytes_text(bytes), text);
        }
    }
}
