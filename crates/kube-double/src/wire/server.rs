//! The two listeners: the API server, which a test may send away, and the side server, which stays.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::cluster::clock;
use crate::wire::exchange::{Guest, exchange};
use crate::wire::side;
use crate::wire::{Reply, Shared};

/// A listener on a free loopback port.
pub(crate) fn listen() -> io::Result<StdListener> {
    let listener = StdListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the API, with TLS and credentials asked for where there is an acceptor; while it is away nothing listens, and
/// then it is back on the same port.
pub(crate) async fn serve(shared: Arc<Shared>, listener: StdListener, door: Option<TlsAcceptor>) {
    let Ok(address) = listener.local_addr() else { return };
    let mut listener = TcpListener::from_std(listener).ok();
    let mut absences = shared.absences();
    loop {
        if let Some(listener) = listener.take() {
            let shared = Arc::clone(&shared);
            let answer = move |guest, request| exchange(Arc::clone(&shared), guest, request);
            tokio::select! {
                () = accept(listener, door.clone(), answer) => {}
                _ = absences.changed() => {}
            }
        }
        let until = *absences.borrow_and_update();
        if let Some(until) = until {
            let left = Duration::try_from(until.duration_since(clock::now())).unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = absences.changed() => continue,
            }
        }
        listener = bind(address).await;
    }
}

/// The same port again; tried until it is free.
async fn bind(address: SocketAddr) -> Option<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Some(listener),
        Err(_) => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            None
        }
    }
}

/// Serves what is beside the API.
pub(crate) async fn serve_side(shared: Arc<Shared>, listener: StdListener) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    accept(listener, None, move |_, request| side::answer(Arc::clone(&shared), request)).await;
}

/// Serves each connection until this is dropped; then all of them end.
async fn accept<F, A>(listener: TcpListener, door: Option<TlsAcceptor>, answer: A)
where
    A: Fn(Guest, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = io::Result<Response<Reply>>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(connection(stream, door.clone(), answer.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection<F, A>(stream: TcpStream, door: Option<TlsAcceptor>, answer: A)
where
    A: Fn(Guest, Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = io::Result<Response<Reply>>> + Send + 'static,
{
    let Some(door) = door else { return talk(stream, move |request| answer(Guest::Anybody, request)).await };
    // Who does not trust the authority, or is not trusted by it, ends the connection.
    let Ok(stream) = door.accept(stream).await else { return };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| Some(chain.first()?.as_ref().to_vec()));
    talk(stream, move |request| answer(Guest::Asked(certificate.clone()), request)).await;
}

async fn talk<S, F>(stream: S, answer: impl Fn(Request<Incoming>) -> F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = io::Result<Response<Reply>>>,
{
    // A connection that its client ends, or that a fault ends, is no failure of the server's.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).with_upgrades().await;
}
