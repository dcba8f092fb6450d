//! The engine's event stream, in our words: a crash is known in milliseconds, not at the next look.

use std::collections::HashMap;
use std::time::Duration;

use backout_core::port::{EventSink, PlatformEvent};
use bollard::Docker;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;

use super::container::label;
use super::engine::words;
use super::options::ComposeOptions;
use super::platform::ComposePlatform;

/// How long to wait before the first attempt to connect again; doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long to wait at most between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long after a request the stream counts as standing: what happened before is not in it.
const SETTLED: Duration = Duration::from_millis(200);

/// Sends events until dropped. Whenever the stream breaks, and again when it stands, the watcher is told to look anew.
pub(super) async fn events(platform: &ComposePlatform, sink: EventSink) {
    let mut wait = FIRST_WAIT;
    let mut was_lost = false;
    loop {
        let why = match subscribe(platform).await {
            Ok(stream) => {
                wait = FIRST_WAIT;
                follow(&platform.options, stream, &sink, was_lost).await
            }
            Err(why) => why,
        };
        sink(PlatformEvent::Lost { why });
        was_lost = true;
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

type Events = std::pin::Pin<Box<dyn Stream<Item = Result<EventMessage, bollard::errors::Error>> + Send>>;

/// A stream from an engine that has just answered.
async fn subscribe(platform: &ComposePlatform) -> Result<Events, String> {
    let docker = platform.engine.docker().await.map_err(|error| error.to_string())?;
    let project = platform.project().await.map_err(|error| error.to_string())?;
    docker.ping().await.map_err(|error| format!("the Docker Engine does not answer: {}", words(&error)))?;
    Ok(stream(&docker, project))
}

fn stream(docker: &Docker, project: &str) -> Events {
    let project = format!("{}={project}", label::PROJECT);
    let filters = HashMap::from([("type", vec!["container".to_owned()]), ("label", vec![project])]);
    Box::pin(docker.events(Some(EventsOptionsBuilder::default().filters(&filters).build())))
}

/// Passes events on until the stream breaks; returns why it did.
async fn follow(options: &ComposeOptions, mut stream: Events, sink: &EventSink, was_lost: bool) -> String {
    let mut settled = std::pin::pin!(tokio::time::sleep(SETTLED));
    let mut is_settled = !was_lost;
    loop {
        tokio::select! {
            event = stream.next() => match event {
                Some(Ok(event)) => moved(options, &event).into_iter().for_each(sink),
                Some(Err(error)) => return format!("the event stream broke: {}", words(&error)),
                None => return "the Docker Engine ended the event stream".to_owned(),
            },
            () = &mut settled, if !is_settled => {
                is_settled = true;
                sink(PlatformEvent::Lost { why: "the event stream stands again after an interruption".to_owned() });
            }
        }
    }
}

/// What an event means for our services; nothing for those of others, and for what moves no instance.
fn moved(options: &ComposeOptions, event: &EventMessage) -> Vec<PlatformEvent> {
    let Some(attributes) = event.actor.as_ref().and_then(|actor| actor.attributes.as_ref()) else { return Vec::new() };
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    let (Some(action), Some(service)) = (event.action.as_deref(), attribute(label::SERVICE)) else { return Vec::new() };
    let is_oneoff = attribute(label::ONEOFF).is_some_and(|oneoff| oneoff.eq_ignore_ascii_case("true"));
    let Some(what) = what_happened(action, attribute("exitCode")).filter(|_| !is_oneoff) else { return Vec::new() };
    let Some(at) = event.time_nano.and_then(|at| Timestamp::from_nanosecond(i128::from(at)).ok()) else {
        return Vec::new();
    };
    let name = attribute("name").unwrap_or("a container");
    let of_service = |service: &backout_core::id::ServiceName| PlatformEvent::Moved {
        service: service.clone(),
        at,
        what: format!("container {name} {what}"),
    };
    options.services_called(service).map(of_service).collect()
}

fn what_happened(action: &str, exit_code: Option<&str>) -> Option<String> {
    let (action, detail) = action.split_once(": ").unwrap_or((action, ""));
    Some(match action {
        "die" => format!("died with exit code {}", exit_code.unwrap_or("unknown")),
        "oom" => "ran out of memory".to_owned(),
        "health_status" => format!("is {detail}"),
        "start" => "started".to_owned(),
        "restart" => "was restarted".to_owned(),
        "kill" => "was sent a signal".to_owned(),
        "stop" => "was stopped".to_owned(),
        "pause" => "was paused".to_owned(),
        "unpause" => "was unpaused".to_owned(),
        "destroy" => "was removed".to_owned(),
        _ => return None,
    })
}
