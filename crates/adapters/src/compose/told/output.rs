//! What containers write to their output.

use backout_core::id::ServiceName;
use backout_core::port::{LogSink, LogSpan, PortError};
use bollard::query_parameters::{LogsOptions, LogsOptionsBuilder};
use futures_util::StreamExt as _;
use jiff::Timestamp;

use crate::compose::engine::failed;
use crate::compose::platform::ComposePlatform;

/// Hands over what the containers of a service have written, each from its own start where that is later than the span's
/// beginning.
pub(in crate::compose) async fn output(
    platform: &ComposePlatform,
    service: &ServiceName,
    span: LogSpan,
    sink: LogSink<'_>,
) -> Result<(), PortError> {
    let docker = platform.engine.docker().await?;
    for container in platform.look(std::slice::from_ref(service)).await? {
        let started = container.instance().since;
        let mut pieces = std::pin::pin!(docker.logs(container.id(), Some(options(span, started))));
        while let Some(piece) = pieces.next().await {
            let piece = piece
                .map_err(|error| failed(&format!("the log of `{}` could not be read", container.name()), &error))?;
            sink(&piece.into_bytes());
        }
        sink(b"\n");
    }
    Ok(())
}

/// Whole seconds are all that the engine takes. The last lines are found from the end of a log, and cost no more in a long one.
fn options(span: LogSpan, started: Option<Timestamp>) -> LogsOptions {
    let since = started.map_or(span.since, |started| started.max(span.since));
    let since = i32::try_from(since.as_second()).unwrap_or(i32::MAX);
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).since(since);
    match span.at_most {
        Some(lines) => options.tail(&lines.to_string()).build(),
        None => options.build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_asked_for_from_the_later_of_its_start_and_the_spans() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let span = LogSpan { since: at(100), at_most: Some(20) };
        assert_eq!((options(span, Some(at(90))).since, options(span, Some(at(110))).since), (100, 110));
        assert_eq!(options(span, None).tail, "20");
        assert_eq!(options(LogSpan { at_most: None, ..span }, None).tail, "all");
    }
}
