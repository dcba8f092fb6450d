//! What clients asked.

use serde::{Deserialize, Serialize};

use crate::api::{Call, Target};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Kubernetes' verb (`get`, `list`, `watch`, ...); empty where the path is no object's.
    pub verb: String,
    /// HTTP's method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The client as it names itself.
    pub user_agent: String,
    /// Whose credentials it showed, where they are asked for and accepted.
    pub user: Option<String>,
    /// Whom it asked to be taken for (`Impersonate-User`).
    pub impersonated: Option<String>,
    /// Of which groups (`Impersonate-Group`).
    pub impersonated_groups: Vec<String>,
    /// With which id (`Impersonate-Uid`).
    pub impersonated_uid: Option<String>,
    /// The body; where it is no text, what can be read of it.
    pub body: String,
    /// The code of the answer; zero where the connection was ended instead.
    pub code: u16,
}

impl Request {
    pub(crate) fn new(call: &Call, query: String) -> Self {
        Self {
            verb: verb(call).to_owned(),
            method: call.method.clone(),
            path: call.path.clone(),
            query,
            user_agent: call.user_agent.clone(),
            user: call.user.clone(),
            impersonated: call.impersonated.user.clone(),
            impersonated_groups: call.impersonated.groups.clone(),
            impersonated_uid: call.impersonated.uid.clone(),
            body: String::from_utf8_lossy(&call.body).into_owned(),
            code: 0,
        }
    }
}

/// Kubernetes' verb of a call; empty where its path names no object.
pub(crate) fn verb(call: &Call) -> &'static str {
    let target = Target::parse(&call.path).ok();
    target.and_then(|target| call.verb(!target.name.is_empty())).map_or("", |verb| verb.word())
}
