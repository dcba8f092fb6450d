//! What is to be done, without what changes by itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Point;
use crate::plan::{Action, Plan, Step, SwitchOrder, explain};

/// The steps of a plan as points: all of them in their order, and each that changes something.
pub(super) fn points(plan: &Plan) -> BTreeMap<String, Point> {
    let meanings: Vec<Value> = plan.steps.iter().map(|step| meaning(step, &plan.suffix)).collect();
    let all = Point::new(format!("{} in all", plan.steps.len()), &meanings);
    let changing = plan.steps.iter().zip(&meanings).filter(|(step, _)| !step.action.is_read_only());
    let each = changing.map(|(step, meaning)| {
        let words = without(&plan.suffix, &explain::action(&settled(&step.action)));
        (format!("step to {words}"), Point::new("planned", meaning))
    });
    each.chain([("steps".to_owned(), all)]).collect()
}

fn meaning(step: &Step, suffix: &str) -> Value {
    let action = serde_json::to_string(&settled(&step.action)).unwrap_or_default();
    let mut action: Value = serde_json::from_str(&without(suffix, &action)).unwrap_or_default();
    if matches!(step.action, Action::Data(_)) {
        unproven(&mut action);
    }
    json!({ "action": action, "class": step.class, "attempts": step.attempts })
}

/// An action without what follows from what runs, which is a point of its own, and from how well that runs just then:
/// whether there is something to keep running until the new instance is healthy.
fn settled(action: &Action) -> Action {
    let mut action = action.clone();
    if let Action::Switch(switch) = &mut action {
        switch.from = None;
        switch.from_label = None;
        switch.order = SwitchOrder::StopFirst;
    }
    action
}

/// How far a restore point was verified gets better by itself.
fn unproven(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("verified");
            fields.values_mut().for_each(unproven);
        }
        Value::Array(items) => items.iter_mut().for_each(unproven),
        _ => {}
    }
}

/// Names of copies are minted for every plan.
fn without(suffix: &str, text: &str) -> String {
    if suffix.is_empty() { text.to_owned() } else { text.replace(suffix, "*") }
}
