//! Amounts: a number, or a percentage of any size as its share: `3`, `0.05`, `500%`.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// A number that is not negative; a percentage is its share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::config) struct Amount(pub(in crate::config) f64);

impl Leaf for Amount {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let (digits, scale) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits.trim_end(), 100.0));
        let is_plain = digits.starts_with(|c: char| c.is_ascii_digit());
        match digits.parse::<f64>() {
            Ok(number) if is_plain && number.is_finite() => Ok(Self(number / scale)),
            _ => Err(Complaint::about(ProblemCode::InvalidThreshold, "is not an amount")
                .hint("write a number `3` or a percentage `500%`")),
        }
    }

    fn accepts() -> Accepts {
        let pattern = r"^[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?( *%)?$";
        Accepts { types: &["string", "number"], ..Accepts::text(pattern) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_may_be_more_than_all() {
        assert_eq!(Amount::parse("500%"), Ok(Amount(5.0)));
        assert_eq!(Amount::parse("2"), Ok(Amount(2.0)));
        for text in ["", "%", "-1", "many", "inf", "nan"] {
            assert!(Amount::parse(text).is_err(), "{text}");
        }
    }
}
