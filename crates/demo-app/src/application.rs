//! What is answered to a request: the mode, the endpoints, and no sockets.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::{Request, Response, json_string};
use crate::metrics::Metrics;
use crate::mode::Mode;
use crate::options::Options;

/// The application's state, shared by all connections.
#[derive(Debug)]
pub(crate) struct Application {
    options: Options,
    current: Mutex<Current>,
    metrics: Metrics,
}

/// The mode in force and since when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current {
    pub(crate) mode: Mode,
    pub(crate) since: Instant,
}

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Wait, then answer.
    Answer { delay: Duration, response: Response },
    /// Answer, and the mode has changed.
    Switched(Response),
    /// End the process without an answer.
    Crash,
}

impl Application {
    pub(crate) fn new(options: Options, now: Instant) -> Self {
        let current = Current { mode: options.mode, since: now };
        Self { options, current: Mutex::new(current), metrics: Metrics::default() }
    }

    pub(crate) fn current(&self) -> Current {
        *self.lock()
    }

    /// Decides the reply to a request that arrives at `now`.
    pub(crate) fn reply(&self, request: &Request, now: Instant) -> Reply {
        let current = self.current();
        let age = now.saturating_duration_since(current.since);
        match current.mode {
            Mode::ExitOnRequest => return Reply::Crash,
            _ if request.path == "/control" => return self.control(request, now),
            _ => {}
        }
        let response = match request.method.as_str() {
            "GET" | "HEAD" => self.endpoint(&request.path, current.mode, age),
            _ => Response::text(405, "only GET and HEAD are answered here\n"),
        };
        let delay = delay(current.mode, age);
        if request.path == "/" {
            self.metrics.count(response.status, delay);
        }
        Reply::Answer { delay, response }
    }

    fn endpoint(&self, path: &str, mode: Mode, age: Duration) -> Response {
        let failing = match mode {
            Mode::FailAfter(after) => age >= after,
            Mode::Flap(period) => age.as_millis() / period.as_millis().max(1) % 2 == 1,
            _ => false,
        };
        match path {
            "/" if failing => Response::text(500, "the application has failed\n"),
            "/" if self.is_next_an_error(mode) => Response::text(500, "this is one of the requests that fail\n"),
            "/" => Response::text(200, format!("backout demo application, version {}\n", self.options.version)),
            "/health" if failing => self.health(500, "failing"),
            "/health" if mode == Mode::Unhealthy => self.health(503, "unhealthy"),
            "/health" => self.health(200, "healthy"),
            "/version" => Response::text(200, format!("{}\n", self.options.version)),
            "/metrics" => Response::text(200, self.metrics.text()),
            "/config" => self.config(),
            _ => match path.strip_prefix("/env/").and_then(|name| self.options.environment.get(name)) {
                Some(value) => Response::text(200, value.as_bytes()),
                None => Response::text(404, "nothing is here\n"),
            },
        }
    }

    /// Whether the next request is one of those that fail: of every thousand the wanted number, evenly spread.
    fn is_next_an_error(&self, mode: Mode) -> bool {
        let Mode::Errors(per_mille) = mode else { return false };
        let share = u64::from(per_mille.min(1000));
        let before = self.metrics.requests();
        (before + 1) * share / 1000 > before * share / 1000
    }

    fn health(&self, status: u16, word: &str) -> Response {
        let version = json_string(&self.options.version);
        Response::json(status, format!("{{\"status\":\"{word}\",\"version\":{version}}}\n"))
    }

    fn config(&self) -> Response {
        let Some(file) = &self.options.config else {
            return Response::text(404, "no configuration file was given; start with `--config FILE`\n");
        };
        match std::fs::read(file) {
            Ok(content) => Response::text(200, content),
            Err(error) => Response::text(500, format!("`{}` cannot be read: {error}\n", file.display())),
        }
    }

    fn control(&self, request: &Request, now: Instant) -> Reply {
        let answer = |response| Reply::Answer { delay: Duration::ZERO, response };
        if request.method != "POST" {
            return answer(Response::text(405, "the mode is switched with POST /control?mode=MODE\n"));
        }
        match request.parameter("mode").unwrap_or_default().parse() {
            Ok(mode) => {
                *self.lock() = Current { mode, since: now };
                Reply::Switched(Response::text(200, format!("the mode is now {mode}\n")))
            }
            Err(error) => answer(Response::text(400, format!("{error}\n"))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    /// When the application is to crash by itself, if it is.
    pub(crate) fn crash_at(&self) -> Option<Instant> {
        match self.mode {
            Mode::CrashAfter(after) => self.since.checked_add(after),
            Mode::CrashOnStart => self.since.checked_add(CRASH_ON_START),
            _ => None,
        }
    }
}

/// How long an application in [`Mode::CrashOnStart`] lives.
pub(crate) const CRASH_ON_START: Duration = Duration::from_millis(100);

fn delay(mode: Mode, age: Duration) -> Duration {
    match mode {
        Mode::Slow(delay) => delay,
        Mode::SlowAfter { after, delay } if age >= after => delay,
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(mode: &str) -> (Application, Instant) {
        let start = Instant::now();
        let mut options = Options { mode: mode.parse().unwrap(), version: "7".to_owned(), ..Options::default() };
        options.environment.insert("NAME".to_owned(), "value".to_owned());
        (Application::new(options, start), start)
    }

    fn request(method: &str, target: &str) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request { method: method.to_owned(), path: path.to_owned(), query: query.to_owned() }
    }

    fn status(application: &Application, path: &str, at: Instant) -> (u16, Duration) {
        match application.reply(&request("GET", path), at) {
            Reply::Answer { delay, response } => (response.status, delay),
            other => panic!("no answer but {other:?}"),
        }
    }

    #[test]
    fn healthy_application_says_its_version() {
        let (application, start) = application("ok");
        let Reply::Answer { response, .. } = application.reply(&request("GET", "/health"), start) else {
            panic!("no answer")
        };
        assert_eq!(response.body, b"{\"status\":\"healthy\",\"version\":\"7\"}\n");
        assert_eq!(status(&application, "/env/NAME", start).0, 200);
        assert_eq!(status(&application, "/env/OTHER", start).0, 404);
        assert_eq!(status(&application, "/config", start).0, 404);
    }

    #[test]
    fn unhealthy_application_still_serves() {
        let (application, start) = application("unhealthy");
        assert_eq!(status(&application, "/health", start).0, 503);
        assert_eq!(status(&application, "/", start).0, 200);
    }

    #[test]
    fn failing_begins_at_its_time() {
        let (application, start) = application("fail-after:1000");
        assert_eq!(status(&application, "/health", start + Duration::from_millis(999)).0, 200);
        assert_eq!(status(&application, "/health", start + Duration::from_secs(1)).0, 500);
        assert_eq!(status(&application, "/", start + Duration::from_secs(1)).0, 500);
    }

    #[test]
    fn flapping_is_well_and_failing_by_turns() {
        let (application, start) = application("flap:1000");
        let at = |ms| status(&application, "/health", start + Duration::from_millis(ms)).0;
        assert_eq!([at(0), at(999), at(1000), at(1999), at(2000)], [200, 200, 500, 500, 200]);
    }

    #[test]
    fn requests_are_counted_and_a_share_of_them_fails() {
        let (application, start) = application("errors:200");
        let failed = (0..1000).filter(|_| status(&application, "/", start).0 == 500).count();
        assert_eq!((failed, status(&application, "/health", start).0), (200, 200));
        let Reply::Answer { response, .. } = application.reply(&request("GET", "/metrics"), start) else {
            panic!("no answer")
        };
        let text = String::from_utf8(response.body).unwrap();
        for line in [
            "http_requests_total{status=\"200\"} 800",
            "http_requests_total{status=\"500\"} 200",
            "http_request_duration_seconds_bucket{le=\"+Inf\"} 1000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn slowness_begins_at_its_time() {
        let (application, start) = application("slow-after:1000:30");
        assert_eq!(status(&application, "/", start).1, Duration::ZERO);
        assert_eq!(status(&application, "/", start + Duration::from_secs(1)).1, Duration::from_millis(30));
    }

    #[test]
    fn mode_switched_at_run_time_counts_from_the_switch() {
        let (application, start) = application("ok");
        let later = start + Duration::from_secs(5);
        let reply = application.reply(&request("POST", "/control?mode=crash-after:100"), later);
        assert!(matches!(reply, Reply::Switched(_)));
        assert_eq!(application.current().crash_at(), Some(later + Duration::from_millis(100)));
    }

    #[test]
    fn wrong_mode_is_refused_and_changes_nothing() {
        let (application, start) = application("ok");
        let Reply::Answer { response, .. } = application.reply(&request("POST", "/control?mode=odd"), start) else {
            panic!("no answer")
        };
        assert_eq!(response.status, 400);
        assert_eq!(application.current().mode, Mode::Ok);
    }
}
