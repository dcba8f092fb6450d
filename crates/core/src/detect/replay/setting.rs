//! Settings that a replay has in place of those that were configured.

use crate::config::{Condition, Threshold, Trigger};
use crate::detect::{Rules, SignalPath};

/// One setting, as it is written: `KEY=VALUE` for all triggers, or `TRIGGER.KEY=VALUE` for one.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    trigger: Option<String>,
    key: Key,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Key {
    FalseAlarms(f64),
    Tolerance(f64),
    Slower(f64),
    MinSamples(u32),
    Above(Threshold),
    Below(Threshold),
    Consecutive(u32),
}

const KEYS: &str = "`false_alarms`, `tolerance`, `slower`, `min_samples`, `above`, `below` and `consecutive`";

impl std::str::FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` is not `KEY=VALUE`; keys are {KEYS}"))?;
        let (trigger, key) = match name.rsplit_once('.') {
            Some((trigger, key)) => (Some(trigger.to_owned()), key),
            None => (None, name),
        };
        let value = value.trim();
        let times = |value: &str| value.parse::<f64>().ok().filter(|times| (1.0..=1000.0).contains(times));
        let read = match key.trim() {
            "false_alarms" => chance(value).filter(|_| trigger.is_none()).map(Key::FalseAlarms),
            "tolerance" => times(value).map(Key::Tolerance),
            "slower" => times(value).map(Key::Slower),
            "min_samples" => value.parse().ok().map(Key::MinSamples),
            "above" => Some(Key::Above(Threshold::read(value)?)),
            "below" => Some(Key::Below(Threshold::read(value)?)),
            "consecutive" => value.parse().ok().filter(|many| *many > 0).map(Key::Consecutive),
            other => return Err(format!("there is no setting `{other}`; there are {KEYS}")),
        };
        let key = read.ok_or_else(|| format!("`{value}` is nothing that `{}` can be", name.trim()))?;
        Ok(Self { trigger, key })
    }
}

/// A chance: `0.001`, or `0.1%`.
fn chance(text: &str) -> Option<f64> {
    let share = match text.strip_suffix('%') {
        Some(digits) => digits.trim_end().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (share > 0.0 && share <= 0.5).then_some(share)
}

impl Setting {
    /// Changes the rules.
    ///
    /// # Errors
    /// Where nothing in them is about it, in words.
    pub(super) fn apply(&self, rules: &mut Rules) -> Result<(), String> {
        let is_meant = |trigger: &Trigger| self.trigger.as_ref().is_none_or(|name| trigger.name.as_str() == name);
        if let Key::FalseAlarms(chance) = self.key {
            rules.comparing.false_alarms = chance;
            let is_used = rules.triggers.iter().any(|trigger| matches!(trigger.condition, Condition::Baseline(_)));
            return is_used.then_some(()).ok_or_else(|| self.unused(rules));
        }
        let meant: Vec<&mut Trigger> = rules.triggers.iter_mut().filter(|trigger| is_meant(trigger)).collect();
        let mut signals: Vec<SignalPath> = Vec::new();
        let mut is_used = false;
        for trigger in meant {
            is_used |= self.change(trigger);
            signals.push(trigger.signal.clone());
        }
        if let Key::MinSamples(least) = self.key {
            for counting in &mut rules.comparing.counted {
                if signals.contains(&SignalPath::Named(counting.name.clone())) {
                    counting.min_samples = least;
                    is_used = true;
                }
            }
        }
        is_used.then_some(()).ok_or_else(|| self.unused(rules))
    }

    /// Changes a trigger; answers whether there was anything to change.
    ///
    /// | setting                | triggers                                        |
    /// |------------------------|-------------------------------------------------|
    /// | `tolerance`, `slower`  | those that compare with before                  |
    /// | `above`                | those with a limit `above`, in the same unit    |
    /// | `below`                | those with a limit `below`, in the same unit    |
    /// | `consecutive`          | those with a limit                              |
    fn change(&self, trigger: &mut Trigger) -> bool {
        match (self.key, &mut trigger.condition) {
            (Key::Tolerance(times), Condition::Baseline(tolerated)) => tolerated.errors = times,
            (Key::Slower(times), Condition::Baseline(tolerated)) => tolerated.slower = times,
            (Key::Above(limit), Condition::Above(was)) | (Key::Below(limit), Condition::Below(was))
                if was.unit == limit.unit =>
            {
                *was = limit;
            }
            (Key::Consecutive(many), Condition::Above(_) | Condition::Below(_)) => trigger.consecutive = many,
            _ => return false,
        }
        true
    }

    fn unused(&self, rules: &Rules) -> String {
        let name = match self.key {
            Key::FalseAlarms(_) => "false_alarms",
            Key::Tolerance(_) => "tolerance",
            Key::Slower(_) => "slower",
            Key::MinSamples(_) => "min_samples",
            Key::Above(_) => "above",
            Key::Below(_) => "below",
            Key::Consecutive(_) => "consecutive",
        };
        let triggers: Vec<String> = rules.triggers.iter().map(|trigger| format!("`{}`", trigger.name)).collect();
        let of = self.trigger.as_ref().map_or_else(String::new, |trigger| format!(" of `{trigger}`"));
        let there = if triggers.is_empty() { "none".to_owned() } else { triggers.join(", ") };
        format!(
            "`{name}`{of} would change nothing: no trigger of that watch goes by it in that unit; its triggers are {there}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_key_with_a_value_of_its_kind() {
        for good in ["false_alarms=0.01", "false_alarms = 1%", "app.health.consecutive=5", "above=3%", "slower=2"] {
            assert!(good.parse::<Setting>().is_ok(), "{good}");
        }
        for bad in
            ["above", "above=", "tolerance=0.5", "false_alarms=2", "x.false_alarms=0.1", "depth=3", "consecutive=0"]
        {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
    }
}
