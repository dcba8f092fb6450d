//! A receiver of HTTP requests.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use super::listening::Listening;

/// One request.
#[derive(Debug, Clone)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// What the request line asks for.
    pub path: String,
    /// Headers, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Received {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A status, and a body.
    Say(u16, String),
    /// A status, a header, and an empty body.
    With(u16, &'static str, String),
    /// Nothing, until the receiver is gone.
    Silence,
}

struct Shared {
    answer: Box<dyn Fn(&Received) -> Answer + Send + Sync>,
    received: Mutex<Vec<Received>>,
}

/// Listens until it is dropped; then its port is free again.
pub struct HttpReceiver {
    shared: Arc<Shared>,
    listening: Listening,
}

impl HttpReceiver {
    /// Listens on a port of its own.
    ///
    /// # Errors
    /// Where no port can be had.
    pub fn start(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> std::io::Result<Self> {
        Self::on(0, answer)
    }

    /// Listens on a port; 0 is any.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn on(port: u16, answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { answer: Box::new(answer), received: Mutex::default() });
        let mine = Arc::clone(&shared);
        let listening = Listening::on(port, move |stream| serve(stream, &mine))?;
        Ok(Self { shared, listening })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listening.address().port()
    }

    /// An address at it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listening.address())
    }

    /// Everything that came so far, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    let request = read(&stream)?;
    shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let (status, header, body) = match (shared.answer)(&request) {
        Answer::Say(status, body) => (status, String::new(), body),
        Answer::With(status, name, value) => (status, format!("{name}: {value}\r\n"), String::new()),
        Answer::Silence => {
            // Ends when the other side gives up.
            let _ = stream.read(&mut [0]);
            return None;
        }
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status} Answer\r\nconnection: close\r\n{header}content-length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).ok()
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
