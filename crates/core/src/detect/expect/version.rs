//! What a service says of its own version: how it is read, and how it is compared with what was recorded.
//!
//! Nothing is compared with a fixed text: a version that was recorded is what the same artifact said when it ran before.

use serde_json::Value;

use super::HttpAnswer;
use crate::config::HttpExpect;
use crate::id::{CheckpointId, ServiceName};
use crate::inventory::{Fact, Graded};
use crate::policy::{Check, Verdict};

/// What is longer, in characters, is a page and no version.
const LONGEST: usize = 200;

/// The version that a service says, or why it said none.
pub type Said = Result<String, String>;

impl HttpAnswer<'_> {
    /// The version that stands in the answer: its text without space around it, or the member of its JSON that `field` leads to.
    ///
    /// | status    | body                                    | `field` leads to             | version        |
    /// |-----------|-----------------------------------------|------------------------------|----------------|
    /// | not 2xx   |                                         |                              | none           |
    /// | 2xx       | longer than what is here                |                              | none           |
    /// | 2xx       | empty, of several lines, or a long text | (not set)                    | none           |
    /// | 2xx       | one short line                          | (not set)                    | that line      |
    /// | 2xx       | not JSON                                |                              | none           |
    /// | 2xx       | JSON                                    | nothing, or what has members | none           |
    /// | 2xx       | JSON                                    | a text, a number, true or false | that, as text |
    ///
    /// # Errors
    /// Why it says none. A failed answer blames nobody: whether the service is well is measured by its probes.
    pub fn version(&self, field: &[String]) -> Said {
        if !HttpExpect::default().status.contains(self.status) {
            return Err(format!("its answer is {}", self.status_line()));
        }
        if self.is_cut {
            return Err(format!("its answer is longer than {} bytes", self.body.len()));
        }
        let text = match field {
            [] => String::from_utf8_lossy(self.body).into_owned(),
            field => member(self.body, field)?,
        };
        match text.trim() {
            "" => Err("its answer is empty".to_owned()),
            text if text.chars().count() > LONGEST || text.chars().any(char::is_control) => {
                Err("its answer is more than one short line (`json` names a member of a JSON answer)".to_owned())
            }
            text => Ok(text.to_owned()),
        }
    }
}

fn member(body: &[u8], field: &[String]) -> Said {
    let whole: Value = serde_json::from_slice(body).map_err(|_| "its answer is not JSON".to_owned())?;
    let found = field.iter().try_fold(&whole, |value, name| value.get(name));
    match found {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(_) => Err(format!("`{}` in its answer is no text and no number", field.join("."))),
        None => Err(format!("`{}` is not in its answer", field.join("."))),
    }
}

/// The check that a service says what it said when a checkpoint was taken.
///
/// | it says now | as recorded | verdict      |
/// |-------------|-------------|--------------|
/// | nothing     |             | unmeasurable |
/// | a version   | yes         | healthy      |
/// | a version   | no          | unhealthy    |
#[must_use]
pub fn says_as_recorded(service: &ServiceName, (checkpoint, recorded): (&CheckpointId, &str), now: &Said) -> Check {
    let (verdict, what) = match now {
        Err(why) => (Verdict::Unmeasurable, format!("says no version: {why}; recorded was `{recorded}`")),
        Ok(says) if says == recorded => (Verdict::Healthy, format!("says `{says}`, as in checkpoint `{checkpoint}`")),
        Ok(says) => (Verdict::Unhealthy, format!("says `{says}`, and said `{recorded}` in checkpoint `{checkpoint}`")),
    };
    let name = format!("{service} says its version");
    Check { name, verdict, what, was_red_before: false, is_advisory: false }
}

/// What a service said when what runs now was recorded, by the newest checkpoint that knows it. `checkpoints` are in the order in
/// which they were taken.
#[must_use]
pub fn said_before<'a>(fact: &Fact, checkpoints: &'a [Graded]) -> Option<(&'a CheckpointId, &'a str)> {
    let runs = fact.version()?;
    let as_it_runs = checkpoints.iter().rev().map(|graded| &graded.checkpoint);
    as_it_runs
        .filter(|it| it.artifacts.get(&fact.service).is_some_and(|artifact| artifact.version == *runs))
        .find_map(|it| Some((&it.id, it.said.get(&fact.service)?.as_str())))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer<'_> {
        let (took, certificate) = (Duration::from_millis(4), None);
        HttpAnswer { status, reason: "Text", headers: &[], body: body.as_bytes(), is_cut: false, took, certificate }
    }

    fn field(path: &str) -> Vec<String> {
        path.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_version_is_one_short_line_or_a_member_of_json() {
        assert_eq!(answer(200, " 7.0.1\n").version(&[]), Ok("7.0.1".to_owned()));
        let json = r#"{"build": {"version": "7.0.1", "number": 42, "of": ["x"]}}"#;
        assert_eq!(answer(200, json).version(&field("build.version")), Ok("7.0.1".to_owned()));
        assert_eq!(answer(200, json).version(&field("build.number")), Ok("42".to_owned()));
        let none = |answer: HttpAnswer<'_>, path: &[String]| answer.version(path).unwrap_err();
        assert_eq!(none(answer(200, json), &field("build.of")), "`build.of` in its answer is no text and no number");
        assert_eq!(none(answer(200, json), &field("build.name")), "`build.name` is not in its answer");
        assert_eq!(none(answer(200, "7.0"), &field("version")), "`version` is not in its answer");
        assert_eq!(none(answer(200, "v7.0.1"), &field("version")), "its answer is not JSON");
        assert_eq!(none(answer(200, "\n"), &[]), "its answer is empty");
        assert!(none(answer(200, "<html>\n<body>"), &[]).starts_with("its answer is more than one short line"));
        assert!(none(answer(200, &"7".repeat(LONGEST + 1)), &[]).starts_with("its answer is more than one short line"));
        assert_eq!(none(answer(503, "7.0.1"), &[]), "its answer is 503 Text");
        assert_eq!(none(HttpAnswer { is_cut: true, ..answer(200, "7") }, &[]), "its answer is longer than 1 bytes");
    }

    #[test]
    fn another_version_than_recorded_is_wrong_and_none_is_not() {
        let (service, id) = (ServiceName::new("web").unwrap(), CheckpointId::new("cp-20261121-080000-0001").unwrap());
        let check = |now: Said| says_as_recorded(&service, (&id, "7.0"), &now);
        assert_eq!(check(Ok("7.0".to_owned())).verdict, Verdict::Healthy);
        let other = check(Ok("8.0".to_owned()));
        assert!(other.blocks());
        assert_eq!(other.what, format!("says `8.0`, and said `7.0` in checkpoint `{id}`"));
        let none = check(Err("connection refused".to_owned()));
        assert_eq!((none.verdict, none.blocks()), (Verdict::Unmeasurable, false));
        assert_eq!(none.what, "says no version: connection refused; recorded was `7.0`");
    }

    /// A checkpoint that has the service in one version, with what it said.
    fn graded(second: u32, code: &str, said: Option<&str>) -> Graded {
        let id = format!("cp-20261121-0800{second:02}-0001");
        let detail = json!({"platform": "exec", "state": null});
        let artifact = json!({"service": "web", "version": {"code": code, "spec": ""}, "label": code, "replicas": 1,
            "detail": detail});
        let said = said.map_or_else(|| json!({}), |said| json!({"web": said}));
        let checkpoint = json!({"id": id, "environment": "staging", "taken_at": "2026-11-21T08:00:00Z", "run": null,
            "why": "", "artifacts": {"web": artifact}, "said": said});
        let checkpoint = serde_json::from_value(checkpoint).unwrap();
        Graded { checkpoint, grade: crate::inventory::Grade::Good, why: String::new(), is_retained: true }
    }

    #[test]
    fn what_runs_is_compared_with_the_newest_checkpoint_of_the_same_artifact() {
        let all = [graded(1, "a", Some("7.0")), graded(2, "a", None), graded(3, "b", Some("8.0"))];
        let fact = |code: &str| all.iter().find(|it| it.checkpoint.artifacts.values().any(|a| a.label == code));
        let before = |code: &str| {
            let facts = fact(code).unwrap().checkpoint.facts();
            said_before(&facts[0], &all).map(|(id, said)| (id.to_string(), said.to_owned()))
        };
        assert_eq!(before("a"), Some(("cp-20261121-080001-0001".to_owned(), "7.0".to_owned())));
        assert_eq!(before("b"), Some(("cp-20261121-080003-0001".to_owned(), "8.0".to_owned())));
        assert_eq!(said_before(&graded(4, "c", None).checkpoint.facts()[0], &all), None, "it was never recorded");
    }

    #[test]
    fn a_checkpoint_without_what_services_said_is_read_as_before() {
        let mut old = serde_json::to_value(graded(1, "a", None).checkpoint).unwrap();
        assert!(old.as_object_mut().unwrap().remove("said").is_none(), "nothing is written where nothing was said");
        let read: crate::inventory::Checkpoint = serde_json::from_value(old).unwrap();
        assert!(read.said.is_empty());
    }
}
