//! What a server of S3 says, in words.

use std::error::Error as _;

use backout_core::port::PortError;
use object_store::Error;

/// An error of the server, after what was being done with a bucket.
pub(super) fn told(what: &str, bucket: &str, error: &Error) -> PortError {
    let text = whole(error);
    let said = match (between(&text, "<Code>", "</Code>"), between(&text, "<Message>", "</Message>")) {
        (Some(code), Some(message)) => format!("{message} [{code}]"),
        (Some(code), None) => code.to_owned(),
        _ => text.clone(),
    };
    let is_refused = matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. })
        || ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"].iter().any(|code| text.contains(code));
    if is_missing_bucket(error) {
        PortError::new(format!("{what}: the bucket `{bucket}` does not exist"))
            .hint("make it again, or name another one: `backup.store.s3.bucket`")
    } else if is_refused {
        PortError::new(format!("{what}: the server refuses our credentials for the bucket `{bucket}`: {said}"))
            .hint(
                "check `access_key_id` and `secret_access_key`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` where they \
                 are not configured; they must allow to get, put, list and delete objects (to import one: to get and list)",
            )
    } else if matches!(error, Error::NotFound { .. }) {
        PortError::new(format!("{what}: it is not in the bucket `{bucket}`"))
            .hint("it was removed by somebody: use another restore point")
    } else if matches!(error, Error::Precondition { .. }) {
        PortError::new(format!("{what}: it was replaced meanwhile")).hint("try again")
    } else if ["QuotaExceeded", "StorageFull", "InsufficientStorage"].iter().any(|code| text.contains(code)) {
        PortError::new(format!("{what}: the server has no room left: {said}"))
            .hint("make room there, or keep fewer backups: `keep`")
    } else {
        PortError::new(format!("{what}: {said}"))
            .hint("check that the server can be reached: `backup.store.s3.endpoint`")
    }
}

/// Whether it is the bucket that is not there.
pub(super) fn is_missing_bucket(error: &Error) -> bool {
    whole(error).contains("NoSuchBucket")
}

/// An error with its causes, each of which says more; one that says the same is said once.
fn whole(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    Some(text.split_once(from)?.1.split_once(to)?.0)
}
