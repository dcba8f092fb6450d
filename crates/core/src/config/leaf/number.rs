//! Whole numbers and truth values.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// A whole number that is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Positive(pub(in crate::config) u32);

/// How many times as much: at least 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct Times(pub(in crate::config) f64);

/// A number of bytes, greater than 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct Bytes(pub(in crate::config) f64);

/// Units of bytes with what each is, those that end another one first.
const UNITS: [(&str, f64); 7] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("B", 1.0),
];

fn bad(what: &str) -> Complaint {
    Complaint::about(ProblemCode::InvalidValue, what)
}

fn whole(minimum: u32) -> Accepts {
    Accepts { types: &["integer", "string"], text: Some("^[0-9]+$".to_owned()), range: Some((minimum, u32::MAX)) }
}

impl Leaf for u32 {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_digits => Ok(number),
            _ if is_digits => Err(bad("is too large")),
            _ => Err(bad("is not a whole number")),
        }
    }

    fn accepts() -> Accepts {
        whole(0)
    }
}

impl Leaf for Positive {
    fn parse(text: &str) -> Result<Self, Complaint> {
        match u32::parse(text)? {
            0 => Err(bad("must be at least 1")),
            number => Ok(Self(number)),
        }
    }

    fn accepts() -> Accepts {
        whole(1)
    }
}

impl Leaf for Times {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let has_shape = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match text.parse::<f64>() {
            Ok(times) if has_shape && (1.0..=1000.0).contains(&times) => Ok(Self(times)),
            _ => Err(bad("is not a number from 1 to 1000").hint("write how many times as much: `1.5`")),
        }
    }

    fn accepts() -> Accepts {
        Accepts { types: &["number", "string"], ..Accepts::text(r"^[0-9]*\.?[0-9]*$") }
    }
}

impl Leaf for Bytes {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let unit = UNITS.into_iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
        let (digits, bytes) = unit.unwrap_or((text, 1.0));
        let has_shape = digits.trim_end().bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match digits.trim_end().parse::<f64>() {
            Ok(number) if has_shape && number > 0.0 && number.is_finite() => Ok(Self(number * bytes)),
            _ => Err(bad("is not a number of bytes").hint("write it with its unit: `512MiB`, `1GB`")),
        }
    }

    fn accepts() -> Accepts {
        Accepts { types: &["number", "string"], ..Accepts::text(r"^[0-9]*\.?[0-9]* *([KMG]iB|[kMG]?B)?$") }
    }
}

impl Leaf for bool {
    fn parse(text: &str) -> Result<Self, Complaint> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(bad("is neither `true` nor `false`")),
        }
    }

    fn accepts() -> Accepts {
        Accepts { types: &["boolean", "string"], ..Accepts::text("^(true|false)$") }
    }
}
