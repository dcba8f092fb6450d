//! Whole numbers and truth values.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// A whole number that is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Positive(pub(in crate::config) u32);

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
