//! Where a service says itself which version it is.

use std::time::Duration;

use crate::config::leaf::{HttpUrl, Period};
use crate::config::raw::RawVersion;
use crate::config::resolve::context::Context;
use crate::config::resolve::probe::headers;
use crate::config::{HttpProbe, ProblemCode, VersionQuestion};

/// How long an answer may take where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a service is asked.
pub(in crate::config::resolve) fn version(raw: &RawVersion, context: &mut Context<'_>) -> Option<VersionQuestion> {
    let headers = headers(&raw.headers, context);
    let path: Option<String> = context.value(&raw.json);
    let field: Vec<String> = path.iter().flat_map(|path| path.split('.')).map(str::to_owned).collect();
    if let (Some(at), true) = (raw.json.key(), field.iter().any(String::is_empty)) {
        let message = "`json` names a member that has no name".to_owned();
        context.error(ProblemCode::InvalidValue, at, message, "write `version`, or `build.version`".to_owned());
    }
    let timeout = context.value(&raw.timeout).map_or(TIMEOUT, |Period(timeout)| timeout);
    let HttpUrl(url) = context.value(&raw.http)?;
    Some(VersionQuestion { http: HttpProbe { url, headers, ..HttpProbe::default() }, field, timeout })
}
