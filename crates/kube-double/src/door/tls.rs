//! HTTPS with client certificates that may be shown and need not be.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::Authority;

/// Takes in connections with the authority's certificate for the server; certificates of others' authorities are refused.
pub(crate) fn acceptor(authority: &Authority) -> io::Result<TlsAcceptor> {
    let identity = authority.server()?;
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority.certificate()).map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(io::Error::other)?;
    let chain = vec![CertificateDer::from_pem_file(&identity.certificate).map_err(io::Error::other)?];
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
