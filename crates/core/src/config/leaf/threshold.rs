//! Thresholds: `500ms`, `5%`, `512MiB`, `0.05`.

use std::time::Duration;

use super::number::Bytes;
use crate::config::read::{Accepts, Complaint, Leaf};
use crate::config::{ProblemCode, Threshold};
use crate::detect::Unit;

const NUMBER: &str = r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?";

/// A share written as a percentage, as a number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct Percent(pub(in crate::config) f64);

fn bad(what: &str) -> Complaint {
    Complaint::about(ProblemCode::InvalidThreshold, what)
}

fn number(text: &str) -> Option<f64> {
    let has_shape = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    text.parse::<f64>().ok().filter(|number| has_shape && number.is_finite())
}

impl Leaf for Percent {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let Some(digits) = text.strip_suffix('%') else {
            return Err(bad("is not a percentage").hint("write it with its sign: `1%`"));
        };
        match number(digits.trim_end()) {
            None => Err(bad("is not a percentage").hint("write a number before the sign: `1%`")),
            Some(share) if (0.0..=100.0).contains(&share) => Ok(Self(share / 100.0)),
            Some(_) => Err(bad("is not between 0% and 100%")),
        }
    }

    fn accepts() -> Accepts {
        Accepts::text(format!("^{NUMBER} *%$"))
    }
}

impl Leaf for Threshold {
    fn parse(text: &str) -> Result<Self, Complaint> {
        if text.ends_with('%') {
            return Percent::parse(text).map(|Percent(value)| Self { value, unit: Unit::Ratio });
        }
        if let Some(value) = number(text) {
            return Ok(Self { value, unit: Unit::Number });
        }
        if let Ok(duration) = Duration::parse(text) {
            return Ok(Self { value: duration.as_secs_f64(), unit: Unit::Seconds });
        }
        match Bytes::parse(text) {
            Ok(Bytes(value)) => Ok(Self { value, unit: Unit::Bytes }),
            Err(_) => Err(bad("is not a threshold")
                .hint("write a duration `500ms`, a percentage `5%`, bytes `512MiB` or a number")),
        }
    }

    fn accepts() -> Accepts {
        let duration = Duration::accepts().text.unwrap_or_default();
        let bytes = Bytes::accepts().text.unwrap_or_default();
        Accepts { types: &["string", "number"], ..Accepts::text(format!("{duration}|{bytes}|^{NUMBER}( *%)?$")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_knows_its_unit() {
        let read = |text| Threshold::parse(text).map(|threshold| (threshold.value, threshold.unit));
        assert_eq!(read("500ms"), Ok((0.5, Unit::Seconds)));
        assert_eq!(read("5%"), Ok((0.05, Unit::Ratio)));
        assert_eq!(read("100 %"), Ok((1.0, Unit::Ratio)));
        assert_eq!(read("2KiB"), Ok((2048.0, Unit::Bytes)));
        assert_eq!(read("0.05"), Ok((0.05, Unit::Number)));
        assert_eq!(read("-3"), Ok((-3.0, Unit::Number)));
    }

    #[test]
    fn what_is_not_a_threshold_is_refused() {
        for text in ["", "%", "five", "nan", "inf", "1e999", "101%", "-1%", "5 percent"] {
            assert!(Threshold::parse(text).is_err(), "{text}");
        }
    }
}
