//! Signed requests: what is signed, how old it may be, and that it comes once.
//!
//! The signature is HMAC-SHA256 with the hook's secret over `TIMESTAMP.BODY`, in hexadecimal digits, as backout's own webhooks
//! are signed: `v1=...`, `sha256=...`, or the digits alone.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Refused;

/// How many signatures are remembered. Whoever can make more than that in one window knows the secret.
const REMEMBERED: usize = 10_000;

/// What a request says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// When it was signed.
    pub at: Timestamp,
    /// The text of that, which is signed as well.
    pub timestamp: String,
    /// The signature.
    pub signature: [u8; 32],
}

impl Signed {
    /// Reads the two headers.
    ///
    /// # Errors
    /// [`Refused::Forged`] where either is missing or is none.
    pub fn read(timestamp: Option<&str>, signature: Option<&str>) -> Result<Self, Refused> {
        let timestamp = timestamp.ok_or(Refused::Forged)?.trim();
        let seconds: i64 = timestamp.parse().map_err(|_| Refused::Forged)?;
        let at = Timestamp::from_second(seconds).map_err(|_| Refused::Forged)?;
        let digits = signature.ok_or(Refused::Forged)?.trim();
        let digits = digits.strip_prefix("v1=").or_else(|| digits.strip_prefix("sha256=")).unwrap_or(digits);
        let signature = bytes(digits).ok_or(Refused::Forged)?;
        Ok(Self { at, timestamp: timestamp.to_owned(), signature })
    }

    /// Whether it was signed within the window around `now`, and since somebody listens: what was signed before that may have
    /// been taken by a process that is gone.
    ///
    /// # Errors
    /// [`Refused::Stale`] where it was not.
    pub fn is_fresh(&self, now: Timestamp, window: Duration, since: Timestamp) -> Result<(), Refused> {
        let is_within = now.duration_since(self.at).unsigned_abs() <= window;
        let began = Timestamp::from_second(since.as_second()).unwrap_or(since);
        if is_within && self.at >= began { Ok(()) } else { Err(Refused::Stale) }
    }
}

/// What is signed: the timestamp, a dot, and the body.
#[must_use]
pub fn signed_text(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b".", body].concat()
}

fn bytes(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The signatures that were taken, for as long as they would be taken again.
#[derive(Debug, Default)]
pub struct Replays {
    taken: BTreeMap<[u8; 32], Timestamp>,
}

impl Replays {
    /// Remembers a signature that was found right.
    ///
    /// # Errors
    /// [`Refused::Replayed`] where it was taken before, and [`Refused::Busy`] where no more can be remembered.
    pub fn take(&mut self, signed: &Signed, now: Timestamp, window: Duration) -> Result<(), Refused> {
        // A time stamp may lie in the future by as much as the window.
        self.taken.retain(|_, at| now.duration_since(*at).unsigned_abs() <= window);
        if self.taken.contains_key(&signed.signature) {
            return Err(Refused::Replayed);
        }
        if self.taken.len() >= REMEMBERED {
            return Err(Refused::Busy);
        }
        self.taken.insert(signed.signature, signed.at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(300);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn signed(second: i64, digit: char) -> Signed {
        let digits = digit.to_string().repeat(64);
        Signed::read(Some(&second.to_string()), Some(&format!("v1={digits}"))).unwrap()
    }

    #[test]
    fn headers_that_are_missing_or_none_are_forged() {
        let good = "ab".repeat(32);
        assert!(Signed::read(Some("1"), Some(&format!("sha256={good}"))).is_ok());
        for (timestamp, signature) in [
            (None, Some(good.as_str())),
            (Some("1"), None),
            (Some("soon"), Some(good.as_str())),
            (Some("1"), Some("v1=ab")),
            (Some("1"), Some("v1=é")),
            (Some("99999999999999"), Some(good.as_str())),
            (Some("1"), Some(&"zz".repeat(32))),
        ] {
            assert_eq!(Signed::read(timestamp, signature), Err(Refused::Forged), "{timestamp:?} {signature:?}");
        }
    }

    #[test]
    fn what_is_too_old_too_new_or_older_than_the_listener_is_stale() {
        let fresh = |second: i64, since: i64| signed(second, 'a').is_fresh(at(1_000), WINDOW, at(since));
        assert_eq!(fresh(1_000, 0), Ok(()));
        assert_eq!((fresh(700, 0), fresh(1_300, 0)), (Ok(()), Ok(())));
        assert_eq!((fresh(699, 0), fresh(1_301, 0)), (Err(Refused::Stale), Err(Refused::Stale)));
        assert_eq!((fresh(899, 900), fresh(900, 900)), (Err(Refused::Stale), Ok(())));
    }

    #[test]
    fn a_signature_is_taken_once_for_as_long_as_it_is_fresh() {
        let mut replays = Replays::default();
        assert_eq!(replays.take(&signed(1_000, 'a'), at(1_000), WINDOW), Ok(()));
        assert_eq!(replays.take(&signed(1_000, 'a'), at(1_300), WINDOW), Err(Refused::Replayed));
        assert_eq!(replays.take(&signed(1_000, 'b'), at(1_300), WINDOW), Ok(()));
        assert_eq!(replays.take(&signed(1_000, 'a'), at(1_301), WINDOW), Ok(()), "it is stale by now anyway");
    }

    #[test]
    fn no_more_is_remembered_than_can_be() {
        let mut replays = Replays::default();
        for n in 0..=REMEMBERED {
            let mut one = signed(1_000, 'a');
            one.signature[..8].copy_from_slice(&n.to_be_bytes());
            let expected = if n < REMEMBERED { Ok(()) } else { Err(Refused::Busy) };
            // Looking through all of them each time would make this test slow for nothing.
            if n < 3 || n + 3 > REMEMBERED {
                assert_eq!(replays.take(&one, at(1_000), WINDOW), expected);
            } else {
                replays.taken.insert(one.signature, one.at);
            }
        }
    }
}
