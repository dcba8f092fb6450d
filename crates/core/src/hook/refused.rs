//! Why a request is not taken.

/// Why a request is not taken. Nothing is recorded of it but that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refused {
    /// There is no such hook.
    Unknown,
    /// It is not a `POST`, or not a `GET` where something is looked at.
    Method,
    /// Its body is not said to be JSON.
    Type,
    /// Its body is longer than what is read.
    TooLarge,
    /// It took too long.
    TooSlow,
    /// It does not say who asks, or not rightly; or its signature is another.
    Forged,
    /// It was signed too long ago, or in the future, or before anybody listened here.
    Stale,
    /// It was taken before.
    Replayed,
    /// Its body does not say what it should.
    Unreadable,
    /// More is told than can be taken in.
    Busy,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::Method,
        Self::Type,
        Self::TooLarge,
        Self::TooSlow,
        Self::Forged,
        Self::Stale,
        Self::Replayed,
        Self::Unreadable,
        Self::Busy,
    ];

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::Method => 405,
            Self::Type => 415,
            Self::TooLarge => 413,
            Self::TooSlow => 408,
            Self::Forged | Self::Stale => 401,
            Self::Replayed => 409,
            Self::Unreadable => 400,
            Self::Busy => 503,
        }
    }

    /// The word for it, as counters have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Method => "method",
            Self::Type => "type",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::Forged => "forged",
            Self::Stale => "stale",
            Self::Replayed => "replayed",
            Self::Unreadable => "unreadable",
            Self::Busy => "busy",
        }
    }
}
