//! Axes: which numbers stand at them, and where a value is.

use super::text::seconds;

/// Steps of an axis of time, in milliseconds.
pub(super) const TIMES: [f64; 12] = [1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6, 2.16e7, 8.64e7];

/// From values to places on paper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Scale {
    /// Where a value is. What is outside stands at the edge.
    pub(super) fn place(&self, value: f64) -> f64 {
        let width = self.to - self.from;
        let share = if width > 0.0 { ((value - self.from) / width).clamp(0.0, 1.0) } else { 0.0 };
        self.start + share * (self.end - self.start)
    }
}

/// What stands at a tick of an axis of time.
#[expect(clippy::cast_possible_truncation, reason = "a tick lies between two times that were whole numbers")]
pub(super) fn passed(tick: f64) -> String {
    seconds(tick.round() as i64).replace(".0 s", " s")
}

/// Round numbers from `from` to `to`, about `about` of them. Steps are one, two or five times a power of ten, or of `units`
/// where one of those is large enough: seconds, minutes, hours.
pub(super) fn ticks(from: f64, to: f64, about: f64, units: &[f64]) -> Vec<f64> {
    let width = to - from;
    if width.is_nan() || width <= 0.0 || !width.is_finite() {
        return vec![from];
    }
    let wanted = width / about;
    let power = 10_f64.powf(wanted.log10().floor());
    let plain = [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter().find(|step| *step >= wanted);
    // Below the smallest unit the steps are plain numbers again.
    let is_small = units.first().is_some_and(|smallest| wanted < smallest / 2.0);
    let of_units = units.iter().copied().find(|unit| *unit >= wanted).filter(|_| !is_small);
    let step = of_units.or(plain).unwrap_or(wanted);
    let first = (from / step).ceil();
    let mut all = Vec::new();
    let mut number = first;
    while number * step <= to + step * 1e-9 && all.len() < 50 {
        all.push(number * step);
        number += 1.0;
    }
    all
}

/// A number with no more digits than it needs.
pub(super) fn number(value: f64) -> String {
    let text = if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 1.0 || value == 0.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}")
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(0.0, 10.0, 5.0, &[]), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(-30.0, 95.0, 4.0, &[60.0, 300.0]), [0.0, 60.0]);
        assert_eq!(ticks(0.0, 20.0, 4.0, &[60.0, 300.0]), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(ticks(3.0, 3.0, 4.0, &[]), [3.0]);
    }

    #[test]
    fn numbers_have_no_digits_to_spare() {
        let all = [0.0, 1.0, 2.5, 250.4, 0.05, 0.0001].map(number);
        assert_eq!(all, ["0", "1", "2.5", "250", "0.05", "0.0001"]);
    }
}
