//! One request and its answer, faults included.

use std::io;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::upgrade::OnUpgrade;
use hyper::{Request as HttpRequest, Response};
use url::form_urlencoded;

use crate::api::{Answer, Call, Impersonated, Problem, dispatch};
use crate::cluster::Cluster;
use crate::exec::{self, Handshake};
use crate::script::{FaultKind, milliseconds, strike};
use crate::wire::request_log::verb;
use crate::wire::stream::stream;
use crate::wire::{Reply, Request, Shared};

/// Who has connected.
#[derive(Debug, Clone)]
pub(crate) enum Guest {
    /// Nobody is asked for credentials.
    Anybody,
    /// The certificate that was shown, where one was.
    Asked(Option<Vec<u8>>),
}

/// Answers a request; an error ends the connection without an answer.
pub(crate) async fn exchange(
    shared: Arc<Shared>,
    guest: Guest,
    mut request: HttpRequest<Incoming>,
) -> io::Result<Response<Reply>> {
    let upgrade = (Handshake::of(request.headers()), hyper::upgrade::on(&mut request));
    let (mut call, query, authorization) = read(request).await?;
    if let Err(problem) = let_in(&shared, guest, &mut call, authorization.as_deref()) {
        shared.note(Request { code: problem.code, ..Request::new(&call, query) });
        return Ok(refusal(&problem));
    }
    let mut told = Request::new(&call, query);
    let fault = shared.change(|cluster| strike(&mut cluster.script.faults, verb(&call), &call.path));
    if let Some(FaultKind::Delay { milliseconds: count }) = fault {
        tokio::time::sleep(milliseconds(count)).await;
    }
    let result = match fault {
        Some(FaultKind::Drop) => {
            shared.note(told);
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Some(FaultKind::Answer { code, retry_after }) => {
            Err(Problem { retry_after, ..Problem::new(code, "the test has this request fail") })
        }
        _ => shared.change(|cluster| dispatch(cluster, &call)),
    };
    if matches!(fault, Some(FaultKind::LoseAnswer)) {
        shared.note(told);
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let response = answered(&shared, result, fault, upgrade);
    told.code = response.status().as_u16();
    shared.note(told);
    Ok(response)
}

/// The answer as it is sent. What comes of it over the same connection has begun.
fn answered(
    shared: &Arc<Shared>,
    result: Result<Answer, Problem>,
    fault: Option<FaultKind>,
    (handshake, upgrade): (Option<Handshake>, OnUpgrade),
) -> Response<Reply> {
    match result {
        Ok(Answer::Watch(watch)) => response(200, "application/json", stream(shared, *watch, fault)),
        Ok(Answer::Json(code, value)) => response(code, "application/json", Reply::from(value.to_string())),
        Ok(Answer::Typed(code, kind, text)) => response(code, kind, Reply::from(text)),
        Ok(Answer::Exec(command)) => match handshake {
            Some(handshake) => {
                tokio::spawn(exec::serve(Arc::clone(shared), *command, upgrade));
                handshake.answer()
            }
            None => refusal(&Problem::new(400, "Upgrade request required")),
        },
        Err(problem) => refusal(&problem),
    }
}

/// Notes whose request it is, where that is asked for.
fn let_in(shared: &Shared, guest: Guest, call: &mut Call, authorization: Option<&str>) -> Result<(), Problem> {
    let Guest::Asked(certificate) = guest else { return Ok(()) };
    let user = |cluster: &Cluster| cluster.script.accounts.user(certificate.as_deref(), authorization);
    call.user = shared.look(user);
    if call.user.is_some() { Ok(()) } else { Err(Problem::new(401, "Unauthorized")) }
}

/// An answer with that code and type.
pub(crate) fn response(code: u16, kind: &str, body: Reply) -> Response<Reply> {
    let mut response = Response::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

fn refusal(problem: &Problem) -> Response<Reply> {
    let mut response = response(problem.code, "application/json", Reply::from(problem.to_status().to_string()));
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

async fn read(request: HttpRequest<Incoming>) -> io::Result<(Call, String, Option<String>)> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes().to_vec();
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let words = pairs().filter(|(name, _)| name == "command").map(|(_, word)| word.into_owned()).collect();
    let call = Call {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: pairs().into_owned().collect(),
        words,
        accept: header(&head.headers, ACCEPT.as_str()).unwrap_or_default(),
        content_type: header(&head.headers, CONTENT_TYPE.as_str()).unwrap_or_default(),
        user_agent: header(&head.headers, USER_AGENT.as_str()).unwrap_or_default(),
        user: None,
        impersonated: Impersonated {
            user: header(&head.headers, "impersonate-user"),
            groups: headers(&head.headers, "impersonate-group"),
            uid: header(&head.headers, "impersonate-uid"),
        },
        body,
    };
    Ok((call, query, header(&head.headers, AUTHORIZATION.as_str())))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn headers(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().filter_map(|value| Some(value.to_str().ok()?.to_owned())).collect()
}
