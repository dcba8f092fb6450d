//! Whether people are called because something went bad while nothing was deployed.

/// What is known of a verdict of a watch once nothing moves any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aftermath {
    /// Whether something else runs, or was written, than when the watch began.
    pub is_deployed: bool,
    /// Whether maintenance mode is on, in part at least.
    pub is_maintained: bool,
    /// Whether something still does not hold, or what was found is not seen by looking once: more failures than before.
    pub is_still_bad: bool,
}

/// Whether people are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// They are.
    People,
    /// Nobody is.
    Nobody {
        /// Why, in a sentence.
        why: &'static str,
    },
}

impl Aftermath {
    /// Whether people are called.
    ///
    /// | something was deployed | maintenance mode | still bad | called                                       |
    /// |------------------------|------------------|-----------|----------------------------------------------|
    /// | yes                    |                  |           | nobody: it is seen to as a deploy            |
    /// | no                     | on               |           | nobody: users are kept away on purpose       |
    /// | no                     | off              | no        | nobody: it was over before anybody could look |
    /// | no                     | off              | yes       | people                                       |
    #[must_use]
    pub fn call(self) -> Call {
        let why = match (self.is_deployed, self.is_maintained, self.is_still_bad) {
            (true, ..) => "something was deployed, and is seen to as a deploy",
            (false, true, _) => "maintenance mode is on",
            (false, false, false) => "it was well again at once",
            (false, false, true) => return Call::People,
        };
        Call::Nobody { why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_called_for_what_lasts_and_nobody_did_on_purpose() {
        let call = |is_deployed, is_maintained, is_still_bad| {
            Aftermath { is_deployed, is_maintained, is_still_bad }.call() == Call::People
        };
        assert!(call(false, false, true));
        assert!(!call(true, false, true));
        assert!(!call(false, true, true));
        assert!(!call(false, false, false));
    }
}
