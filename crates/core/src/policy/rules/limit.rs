//! Limits of a number.

use serde::Serialize;

/// What a number must be: above one limit, below another, or between both.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Limit {
    /// It must be greater.
    pub above: Option<f64>,
    /// It must be less.
    pub below: Option<f64>,
}

impl Limit {
    /// Whether a number is within it. What is not known is not.
    #[must_use]
    pub fn holds(&self, number: Option<f64>) -> bool {
        let Some(number) = number else { return false };
        self.above.is_none_or(|above| number > above) && self.below.is_none_or(|below| number < below)
    }
}
