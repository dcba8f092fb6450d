//! The names of tags that git is asked for.

use crate::config::ProblemCode;
use crate::config::read::{Accepts, Complaint, Leaf};

/// What is put into a name.
const HOLDERS: [&str; 2] = ["{time}", "{checkpoint}"];

/// What no name in git may have.
const FORBIDDEN: [&str; 6] = ["..", "//", "@{", "/.", ".lock", "{"];

/// The name of a tag, with what makes it another one each time: `pre-deploy-{time}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct TagPattern(pub(in crate::config) String);

impl Leaf for TagPattern {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let complaint =
            |what: &str| Complaint::about(ProblemCode::InvalidValue, what).hint("write `pre-deploy-{time}`");
        if !HOLDERS.iter().any(|holder| text.contains(holder)) {
            return Err(complaint("would be the same tag before each deploy"));
        }
        let name = HOLDERS.iter().fold(text.to_owned(), |name, holder| name.replace(holder, "0"));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
        let is_framed = name.starts_with(['-', '/', '.']) || name.ends_with(['/', '.']);
        if is_framed || !name.chars().all(is_plain) || FORBIDDEN.iter().any(|part| name.contains(part)) {
            return Err(complaint("cannot be the name of a tag in git"));
        }
        Ok(Self(text.to_owned()))
    }

    fn accepts() -> Accepts {
        Accepts { text: Some(r"\{(time|checkpoint)\}".to_owned()), ..Accepts::ANY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_another_one_each_time_and_one_that_git_takes() {
        for good in ["pre-deploy-{time}", "deploys/{checkpoint}", "{time}"] {
            assert!(TagPattern::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["pre-deploy", "", "-{time}", "a b-{time}", "{time}..", "{time}.lock", "{day}-{time}", "{time}/", "~{time}"]
        {
            assert!(TagPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
