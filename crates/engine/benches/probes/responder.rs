//! What is probed: a server that answers every request with `ok`, on one thread, and says how many it has answered.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use h2::server::SendResponse;
use hyper::body::Bytes;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok";

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 16_384;

/// Files of a certificate and its key.
pub(crate) struct Identity<'a> {
    pub(crate) certificate: &'a str,
    pub(crate) key: &'a str,
}

/// Answers on every loopback address at this port until it is ended, with an identity over TLS at the next port as well. The
/// sockets are bound to the loopback device: nothing outside this machine reaches them.
pub(crate) async fn respond(port: u16, identity: Option<Identity<'_>>) -> Result<(), Box<dyn Error>> {
    let answered = Arc::new(AtomicU64::new(0));
    if let Some(identity) = identity {
        let (listener, acceptor) = (listener(port + 1)?, acceptor(&identity)?);
        let answered = Arc::clone(&answered);
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                tokio::spawn(serve_tls(acceptor.clone(), stream, Arc::clone(&answered)));
            }
        });
    }
    let listener = listener(port)?;
    loop {
        // Out of descriptors for a moment: whoever waits is accepted then.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, Arc::clone(&answered)));
    }
}

fn listener(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind_device(Some(b"lo"))?;
    socket.set_reuseaddr(true)?;
    socket.bind(([0, 0, 0, 0], port).into())?;
    socket.listen(BACKLOG)
}

fn acceptor(identity: &Identity<'_>) -> Result<TlsAcceptor, Box<dyn Error>> {
    backout_adapters::probe::install_crypto();
    let certificate = CertificateDer::from_pem_file(identity.certificate)?;
    let key = PrivateKeyDer::from_pem_file(identity.key)?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve_tls(acceptor: TlsAcceptor, stream: TcpStream, answered: Arc<AtomicU64>) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return serve(stream, answered).await;
    }
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        answered.fetch_add(1, Ordering::Relaxed);
        let _ = answer(&mut respond);
    }
}

fn answer(respond: &mut SendResponse<Bytes>) -> Result<(), h2::Error> {
    respond.send_response(hyper::Response::new(()), false)?.send_data(Bytes::from_static(b"ok"), true)
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answered: Arc<AtomicU64>) {
    let (mut request, mut length) = ([0; 1024], 0);
    while let Ok(read @ 1..) = stream.read(&mut request[length..]).await {
        length += read;
        let asked = &request[..length];
        if !asked.ends_with(b"\r\n\r\n") {
            continue;
        }
        let closes = asked.windows(17).any(|window| window.eq_ignore_ascii_case(b"connection: close"));
        let sent = if asked.starts_with(b"GET /count ") {
            let count = answered.load(Ordering::Relaxed).to_string();
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", count.len());
            stream.write_all(format!("{head}{count}").as_bytes()).await
        } else {
            answered.fetch_add(1, Ordering::Relaxed);
            stream.write_all(OK).await
        };
        if sent.is_err() || closes {
            let _ = stream.shutdown().await;
            return;
        }
        length = 0;
    }
}
