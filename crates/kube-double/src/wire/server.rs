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
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::cluster::clock;
use crate::wire::exchange::exchange;
use crate::wire::side;
use crate::wire::{Reply, Shared};

/// A listener on a free loopback port.
pub(crate) fn listen() -> io::Result<StdListener> {
    let listener = StdListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the API; while it is away nothing listens, and then it is back on the same port.
pub(crate) async fn serve(shared: Arc<Shared>, listener: StdListener) {
    let Ok(address) = listener.local_addr() else { return };
    let mut listener = TcpListener::from_std(listener).ok();
    let mut absences = shared.absences();
    loop {
        if let Some(listener) = listener.take() {
            let shared = Arc::clone(&shared);
            let answer = move |request| exchange(Arc::clone(&shared), request);
            tokio::select! {
                () = accept(listener, answer) => {}
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
    accept(listener, move |request| side::answer(Arc::clone(&shared), request)).await;
}

/// Serves each connection until this is dropped; then all of them end.
async fn accept<F, A>(listener: TcpListener, answer: A)
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = io::Result<Response<Reply>>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(connection(stream, answer.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection<F, A>(stream: TcpStream, answer: A)
where
    A: Fn(Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = io::Result<Response<Reply>>> + Send + 'static,
{
    // A connection that its client ends, or that a fault ends, is no failure of the server's.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}
