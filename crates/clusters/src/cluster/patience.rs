//! Asking the API server again where it was busy, broken or away for a moment.

use std::time::Duration;

use tokio::time::sleep;

/// How often it is asked: with the pauses between, for six seconds.
const TRIES: u32 = 7;
/// The pause after the first try; each next is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause that the API server may ask for.
const LONGEST: Duration = Duration::from_secs(10);

/// Makes an attempt, and makes it again where it failed with something that may pass. What it does must be idempotent: an
/// answer that is lost looks like a request that was.
///
/// # Errors
/// That of the last attempt.
pub(crate) async fn patiently<T, A>(
    may_pass: impl Fn(&kube::Error) -> bool,
    mut attempt: impl FnMut() -> A,
) -> Result<T, kube::Error>
where
    A: Future<Output = Result<T, kube::Error>>,
{
    let mut patience = Patience::default();
    loop {
        match attempt().await {
            Err(error) if may_pass(&error) => patience.bears(error).await?,
            ended => return ended,
        }
    }
}

/// How much longer it is tried.
pub(crate) struct Patience {
    tries: u32,
    pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: TRIES, pause: PAUSE }
    }
}

impl Patience {
    /// Waits for the next try.
    ///
    /// # Errors
    /// The same one, where there is none left.
    pub(crate) async fn bears(&mut self, error: kube::Error) -> Result<(), kube::Error> {
        self.tries = self.tries.saturating_sub(1);
        if self.tries == 0 {
            return Err(error);
        }
        sleep(self.pause.max(asked_for(&error))).await;
        self.pause *= 2;
        Ok(())
    }
}

/// Whether the very same request may succeed later.
///
/// | the API server             | may pass |
/// |----------------------------|----------|
/// | 429, 500, 502, 503, 504    | yes      |
/// | any other answer           | no       |
/// | does not answer            | yes      |
pub(crate) fn is_momentary(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => matches!(status.code, 429 | 500 | 502 | 503 | 504),
        kube::Error::SerdeError(_) | kube::Error::BuildRequest(_) | kube::Error::Auth(_) => false,
        _ => true,
    }
}

/// Whether somebody else wrote in between: what is written is to be decided anew.
pub(crate) fn is_crossed(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

fn asked_for(error: &kube::Error) -> Duration {
    let kube::Error::Api(status) = error else { return Duration::ZERO };
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    Duration::from_secs(u64::from(seconds)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: u16, seconds: u32) -> kube::Error {
        let said = serde_json::json!({"code": code, "details": {"retryAfterSeconds": seconds}});
        kube::Error::Api(Box::new(serde_json::from_value(said).unwrap()))
    }

    #[test]
    fn the_server_is_given_the_time_that_it_asks_for_within_reason() {
        assert_eq!(asked_for(&answered(429, 3)), Duration::from_secs(3));
        assert_eq!(asked_for(&answered(429, 3_600)), LONGEST);
        assert!(
            is_momentary(&answered(503, 0)) && !is_momentary(&answered(409, 0)) && !is_momentary(&answered(404, 0))
        );
    }

    #[tokio::test]
    async fn what_does_not_pass_is_said_at_once_and_the_rest_is_tried_again() {
        for (code, expected) in [(403, (1, false)), (503, (3, true))] {
            let mut tries = 0;
            let ended = patiently(is_momentary, || {
                tries += 1;
                std::future::ready(if tries < 3 { Err(answered(code, 0)) } else { Ok(()) })
            })
            .await;
            assert_eq!((tries, ended.is_ok()), expected);
        }
    }
}
