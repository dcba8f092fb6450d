//! GET and lists, in pages where the client asks for them.

use serde_json::{Value, json};

use crate::api::object::table;
use crate::api::{Answer, Call, Problem, Target};
use crate::cluster::{Cluster, FieldSelector, Key, LabelSelector, object};

/// One object.
pub(crate) fn get(cluster: &Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let found = cluster.store.get(&target.key()).ok_or_else(|| Problem::not_found(target, &target.name))?;
    if table::is_wanted(call) {
        return Ok(Answer::Json(200, table::table(target.resource, &[found], &json!({}))));
    }
    Ok(Answer::Json(200, found.clone()))
}

/// All objects that the selectors match, from where the last page ended.
pub(crate) fn list(cluster: &Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let limit: usize = call.query("limit").parse().ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let start = call.query("continue");
    let (revision, start) = start.split_once(':').unwrap_or(("", start));
    if !revision.is_empty() && revision.parse().is_ok_and(|revision| cluster.store.changes_since(revision).is_none()) {
        return Err(Problem::new(
            410,
            "The provided continue parameter is too old to display a consistent list result.",
        ));
    }
    let all = selected(cluster, call, target);
    let rest: Vec<&(Key, &Value)> =
        all.iter().filter(|(key, _)| start.is_empty() || place(key).as_str() > start).collect();
    let page: Vec<&Value> = rest.iter().take(limit).map(|(_, value)| *value).collect();
    let revision = cluster.store.revision().to_string();
    let mut metadata = json!({"resourceVersion": revision});
    if rest.len() > page.len()
        && let Some((key, _)) = rest.get(page.len().saturating_sub(1))
    {
        metadata["continue"] = json!(format!("{revision}:{}", place(key)));
        metadata["remainingItemCount"] = json!(rest.len() - page.len());
    }
    if table::is_wanted(call) {
        return Ok(Answer::Json(200, table::table(target.resource, &page, &metadata)));
    }
    let kind = format!("{}List", target.resource.kind);
    let version = target.resource.api_version();
    Ok(Answer::Json(200, json!({"kind": kind, "apiVersion": version, "metadata": metadata, "items": page})))
}

fn place(key: &Key) -> String {
    format!("{}/{}", key.namespace, key.name)
}

/// What a list or a deletion of many reaches.
pub(crate) fn selected<'a>(cluster: &'a Cluster, call: &Call, target: &'a Target) -> Vec<(Key, &'a Value)> {
    let labels = LabelSelector::parse(call.query("labelSelector"));
    let fields = FieldSelector::parse(call.query("fieldSelector"));
    let all = cluster.store.list(target.resource, &target.namespace);
    all.filter(|(_, value)| labels.matches(&object::at(value, "/metadata/labels")) && fields.matches(value))
        .map(|(key, value)| (key.clone(), value))
        .collect()
}
