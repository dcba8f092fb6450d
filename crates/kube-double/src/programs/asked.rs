//! Asking programs whether they are ready.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whom to ask: the pod's id, its program's port, and the path.
pub(crate) type Question = (String, u16, Option<String>);

/// Asks all of them at once, and says which are ready:
///
/// | the path    | ready is                                        |
/// |-------------|-------------------------------------------------|
/// | none        | whatever runs, as a container without a probe   |
/// | empty       | what takes a connection                         |
/// | another one | what answers it with a status below 400         |
pub(crate) async fn all(questions: Vec<Question>) -> Vec<(String, bool)> {
    let mut asked = JoinSet::new();
    for (pod, port, path) in questions {
        asked.spawn(async move {
            let answer = tokio::time::timeout(PATIENCE, ask(port, path.as_deref())).await;
            (pod, matches!(answer, Ok(Ok(true))))
        });
    }
    let mut answers = Vec::new();
    while let Some(answer) = asked.join_next().await {
        answers.extend(answer.ok());
    }
    answers
}

async fn ask(port: u16, path: Option<&str>) -> io::Result<bool> {
    let Some(path) = path else { return Ok(true) };
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    if path.is_empty() {
        return Ok(true);
    }
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
    let mut beginning = [0; "HTTP/1.0 200".len()];
    stream.read_exact(&mut beginning).await?;
    Ok(matches!(beginning["HTTP/1.0 ".len()], b'2' | b'3'))
}
