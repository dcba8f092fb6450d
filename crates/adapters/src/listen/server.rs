//! The listener: connections in, at most so many, each for so long.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use backout_core::port::PortError;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::door::Door;

/// How many connections are open at once.
const CONNECTIONS: usize = 64;
/// How long the head of a request may take to come.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may last.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// How long it is waited after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Listens on an address.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Begins to listen; nobody is answered yet.
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub async fn bind(address: &str) -> Result<Self, PortError> {
        let bound = match TcpListener::bind(address).await {
            Ok(listener) => listener.local_addr().map(|address| (listener, address)),
            Err(error) => Err(error),
        };
        let (listener, address) = bound.map_err(|error| {
            PortError::new(format!("nobody can listen on `{address}`: {error}"))
                .hint("name an address of this machine with a free port: `--listen 127.0.0.1:9797`")
        })?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped; then every connection ends.
    pub async fn serve(self, door: Arc<Door>) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Who finds no room is sent away at once: waiting would only make the queue longer.
                    if let Ok(place) = Arc::clone(&room).try_acquire_owned() {
                        let door = Arc::clone(&door);
                        connections.spawn(async move {
                            talk(stream, door).await;
                            drop(place);
                        });
                    }
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn talk(stream: TcpStream, door: Arc<Door>) {
    let answer = service_fn(|request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).keep_alive(false).max_buf_size(64 * 1024);
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    // A connection that its client ends, or that takes too long, is no failure of ours.
    let _ = tokio::time::timeout(ENDS_WITHIN, connection).await;
}
