//! Redis as a cache: `AUTH`, `SELECT`, and then what the configuration says shall go.
//!
//! | configured | sent                                    |
//! |------------|-----------------------------------------|
//! | nothing    | nothing at all                          |
//! | a pattern  | `SCAN … MATCH`, `UNLINK` of what it finds |
//! | database   | `DBSIZE`, `FLUSHDB`                     |
//! | everything | `FLUSHALL`                              |

use std::sync::Arc;

use backout_core::config::{Flush, SecretOrText};
use backout_core::port::{Cache, Pending, PortError, ProbeOutcome};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use url::Url;

use super::reply::{Reply, read};
use crate::probe::{Endpoint, Tls, decoded};
use crate::secret::Secrets;

/// Redis's own port.
const PORT: u16 = 6379;
/// How many keys Redis looks at between two answers: few enough not to hold others up.
const BATCH: &str = "1000";

/// One Redis.
pub struct RedisCache {
    name: String,
    url: SecretOrText,
    secrets: Arc<Secrets>,
    tls: Tls,
}

/// How to connect, and what is said first.
struct Prepared {
    endpoint: Endpoint,
    is_tls: bool,
    greeting: Vec<Vec<Vec<u8>>>,
}

impl RedisCache {
    /// The cache of that name at an address: `redis://user:password@host:port/number`.
    #[must_use]
    pub fn new(name: &str, url: SecretOrText, secrets: Arc<Secrets>) -> Self {
        Self { name: name.to_owned(), url, secrets, tls: Tls::default() }
    }

    async fn remove(&self, what: &Flush) -> Result<String, PortError> {
        if *what == Flush::Nothing {
            return Ok("nothing of it is to be removed".to_owned());
        }
        let ready = self.prepare().await.map_err(|error| self.named(&error))?;
        let addresses = ready.endpoint.resolve().await.map_err(|outcome| self.named(&unreached(&outcome)))?;
        let stream = ready.endpoint.connect(&addresses).await.map_err(|outcome| self.named(&unreached(&outcome)))?;
        let removed = if ready.is_tls {
            let stream = self.tls.handshake(true, &ready.endpoint, stream).await;
            flush(stream.map_err(|outcome| self.named(&unreached(&outcome)))?, &ready, what).await
        } else {
            flush(stream, &ready, what).await
        };
        removed.map_err(|error| self.named(&error))
    }

    async fn prepare(&self) -> Result<Prepared, PortError> {
        let text = self.secrets.text(&self.url).await;
        let text = text.map_err(|error| PortError::new(error.to_string()).hint(error.hint()))?;
        let url = Url::parse(text.reveal()).ok().filter(|url| matches!(url.scheme(), "redis" | "rediss"));
        let url = url
            .ok_or_else(|| PortError::new("its address does not start with redis:// or rediss://, or is not valid"))?;
        let mut greeting = Vec::new();
        if let Some(password) = url.password() {
            let (user, password) = (decoded(url.username()), decoded(password));
            greeting.push(match user.as_str() {
                "" => words(&["AUTH", &password]),
                user => words(&["AUTH", user, &password]),
            });
        }
        let number = url.path().trim_matches('/');
        if !number.is_empty() {
            if number.parse::<u32>().is_err() {
                return Err(PortError::new("the path of its address is not the number of a database"));
            }
            greeting.push(words(&["SELECT", number]));
        }
        let endpoint = Endpoint::of_url(&url, PORT).map_err(|outcome| unreached(&outcome))?;
        Ok(Prepared { endpoint, is_tls: url.scheme() == "rediss", greeting })
    }

    fn named(&self, error: &PortError) -> PortError {
        PortError { what: format!("cache `{}`: {}", self.name, error.what), hint: error.hint.clone() }
    }
}

impl Cache for RedisCache {
    fn flush<'a>(&'a self, what: &'a Flush) -> Pending<'a, Result<String, PortError>> {
        Box::pin(self.remove(what))
    }
}

async fn flush(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    ready: &Prepared,
    what: &Flush,
) -> Result<String, PortError> {
    let mut stream = BufReader::new(stream);
    for command in &ready.greeting {
        say(&mut stream, command).await?;
    }
    match what {
        Flush::Nothing => Ok("nothing of it is to be removed".to_owned()),
        Flush::Pattern(pattern) => {
            let removed = remove_matching(&mut stream, pattern).await?;
            Ok(format!("removed {removed} keys that match `{pattern}`"))
        }
        Flush::Database => {
            let Reply::Integer(keys) = say(&mut stream, &words(&["DBSIZE"])).await? else { return Err(unexpected()) };
            say(&mut stream, &words(&["FLUSHDB"])).await?;
            Ok(format!("removed {keys} keys: the whole database"))
        }
        Flush::Everything => {
            say(&mut stream, &words(&["FLUSHALL"])).await?;
            Ok("removed every key of every database of the server".to_owned())
        }
    }
}

/// Goes through all keys once. A key that is written meanwhile may be met or not, as `SCAN` promises.
async fn remove_matching<S>(stream: &mut BufReader<S>, pattern: &str) -> Result<u64, PortError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (mut cursor, mut removed) = (b"0".to_vec(), 0u64);
    loop {
        let mut scan = vec![b"SCAN".to_vec(), cursor];
        scan.extend(words(&["MATCH", pattern, "COUNT", BATCH]));
        let Reply::List(answer) = say(stream, &scan).await? else { return Err(unexpected()) };
        let [Reply::Bulk(next), Reply::List(found)] = answer.as_slice() else { return Err(unexpected()) };
        let keys = found.iter().filter_map(|key| match key {
            Reply::Bulk(key) => Some(key.clone()),
            _ => None,
        });
        let unlink: Vec<Vec<u8>> = std::iter::once(b"UNLINK".to_vec()).chain(keys).collect();
        if unlink.len() > 1 {
            let Reply::Integer(count) = say(stream, &unlink).await? else { return Err(unexpected()) };
            removed = removed.saturating_add(u64::try_from(count).unwrap_or(0));
        }
        cursor = next.clone();
        if cursor == b"0" {
            return Ok(removed);
        }
    }
}

/// Sends a command and reads what comes back; what Redis refuses is an error.
async fn say<S>(stream: &mut BufReader<S>, command: &[Vec<u8>]) -> Result<Reply, PortError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broken = |error: std::io::Error| PortError::new(format!("the connection to Redis broke: {error}"));
    stream.write_all(&request(command)).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    match read(stream).await? {
        Reply::Error(error) => Err(PortError::new(format!("Redis says: {error}"))),
        reply => Ok(reply),
    }
}

/// A request as an array of bulk strings.
fn request(command: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for word in command {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn unexpected() -> PortError {
    PortError::new("Redis gave an answer that its protocol does not have there")
}

fn unreached(outcome: &ProbeOutcome) -> PortError {
    let what = match outcome {
        ProbeOutcome::NotPerformed { why } => why.clone(),
        ProbeOutcome::Refused { what } | ProbeOutcome::NotAsExpected { what } | ProbeOutcome::AsExpected { what } => {
            what.clone()
        }
        ProbeOutcome::TimedOut { after } => format!("no answer within {} ms", after.as_millis()),
    };
    PortError::new(what)
}
