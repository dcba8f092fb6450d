//! Tags: what people say about a case that nobody measures.
//!
//! | tag | value | what it says |
//! |---|---|---|
//! | `impact` | a word of [`Impact`] | what is the matter |
//! | `data_loss`, `security` | `true` or `false` | the same, in the way that runbooks ask for it |
//! | `vip` | `true` or `false` | a customer is affected whom one does not keep waiting |
//! | `tenants_affected` | a number | how many customers are affected |
//! | `error_rate`, `latency_rise` | a percentage | the share of failed requests; how much longer answers take than before |
//! | `fix_within` | a duration | how soon somebody can fix it |
//! | any other | any text | what the team's own rules ask for |

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Impact;

/// What people say, by key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

/// A tag that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTag(String);

impl Tags {
    /// Adds a tag; a later value takes the place of an earlier one.
    ///
    /// # Errors
    /// Where the key is empty, or is one of those above and the value is not of its kind.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), BadTag> {
        let bad = |what: &str| Err(BadTag(format!("the tag `{key}` takes {what}, not `{value}`")));
        match key {
            "" => return Err(BadTag("a tag is written as `KEY=VALUE`, and this one has no key".to_owned())),
            "impact" => _ = value.parse::<Impact>().map_err(BadTag)?,
            "data_loss" | "security" | "vip" if !matches!(value, "true" | "false") => return bad("`true` or `false`"),
            "tenants_affected" if value.parse::<u32>().is_err() => return bad("a whole number"),
            "error_rate" | "latency_rise" if share(value).is_none() => return bad("a percentage such as `7%`"),
            "fix_within" if duration(value).is_none() => return bad("a duration such as `10m`"),
            _ => {}
        }
        self.0.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// Adds a tag that is written as `KEY=VALUE`.
    ///
    /// # Errors
    /// As [`Tags::insert`], and where there is no `=`.
    pub fn add(&mut self, written: &str) -> Result<(), BadTag> {
        let Some((key, value)) = written.split_once('=') else {
            return Err(BadTag(format!("`{written}` is not a tag; write it as `KEY=VALUE`")));
        };
        self.insert(key.trim(), value.trim())
    }

    /// These tags, and those of `others` whose keys are not among them.
    #[must_use]
    pub fn or(&self, others: &Tags) -> Tags {
        let mut all = others.0.clone();
        all.extend(self.0.clone());
        Tags(all)
    }

    /// The value of a tag.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Each key with its value, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A tag's value as a number: a percentage counts as its share.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        share(value).or_else(|| value.parse().ok().filter(|number: &f64| number.is_finite()))
    }

    /// How soon somebody can fix it.
    #[must_use]
    pub fn fix_within(&self) -> Option<Duration> {
        duration(self.get("fix_within")?)
    }

    /// What the tags say is the matter.
    pub fn impacts(&self) -> impl Iterator<Item = Impact> + '_ {
        let said = self.get("impact").and_then(|word| word.parse().ok());
        let is_true = |key| self.get(key) == Some("true");
        let flags = [("data_loss", Impact::DataLoss), ("security", Impact::Security)];
        said.into_iter().chain(flags.into_iter().filter(move |(key, _)| is_true(key)).map(|(_, impact)| impact))
    }
}

fn share(text: &str) -> Option<f64> {
    let number: f64 = text.strip_suffix('%')?.trim_end().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number / 100.0)
}

fn duration(text: &str) -> Option<Duration> {
    let span: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_read_as_what_it_is() {
        let mut tags = Tags::default();
        for tag in ["impact=cosmetic", "security=true", "error_rate=7.5%", "fix_within=10m", "region = eu", "vip=false"]
        {
            tags.add(tag).unwrap();
        }
        assert_eq!(tags.impacts().collect::<Vec<_>>(), [Impact::Cosmetic, Impact::Security]);
        assert_eq!(tags.number("error_rate"), Some(0.075));
        assert_eq!(tags.fix_within(), Some(Duration::from_secs(600)));
        assert_eq!(tags.get("region"), Some("eu"));
    }

    #[test]
    fn what_is_not_of_its_kind_is_refused() {
        for tag in ["x", "=1", "impact=awful", "vip=yes", "tenants_affected=some", "error_rate=7", "fix_within=soon"] {
            assert!(Tags::default().add(tag).is_err(), "{tag}");
        }
    }
}
