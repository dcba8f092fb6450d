//! The server that answers a signal's queries.

use super::super::context::Context;
use super::super::probe::headers;
use crate::config::leaf::{HttpUrl, Word};
use crate::config::raw::{RawLogin, RawSignal};
use crate::config::{PromLogin, PromServer};

/// Resolves who is asked.
pub(super) fn server(raw: &RawSignal, context: &mut Context<'_>) -> Option<PromServer> {
    let url = context.value(&raw.server);
    let headers = headers(&raw.headers, context);
    let login = raw.basic_auth.value().and_then(|raw| login(raw, context));
    if let (Some(at), true) = (raw.basic_auth.key(), headers.contains_key("authorization")) {
        let message = "`basic_auth` and the header `Authorization` exclude each other".to_owned();
        context.contradiction(at, message, "keep one".to_owned());
    }
    let tls = raw.tls.value();
    let verify = tls.and_then(|tls| context.value(&tls.verify)).unwrap_or(true);
    let authority = tls.and_then(|tls| context.value(&tls.ca)).map(|Word(path)| path);
    let HttpUrl(url) = url?;
    Some(PromServer { url, headers, login, verify, authority })
}

/// Resolves a user and a password.
pub(in crate::config::resolve) fn login(raw: &RawLogin, context: &mut Context<'_>) -> Option<PromLogin> {
    let user = raw.username.value().and_then(|user| context.secret(user, |_| false));
    let is_literal = |text: &str| !text.contains("${");
    let password = raw.password.value().and_then(|password| context.secret(password, is_literal));
    Some(PromLogin { user: user?, password: password? })
}
