//! TLS: one configuration that verifies certificates and one that does not, made when they are first needed.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::connect::Endpoint;
use super::outcome::{Performed, not_as_expected, not_performed, of_io};

/// Makes ring the process's provider of cryptography, unless there is one. To be called before anything speaks TLS.
pub fn install_crypto() {
    // An error says that there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A configuration for connections that are no probes: it verifies certificates against what the system trusts, or takes
/// any.
///
/// # Errors
/// Where the system's trust store cannot be used.
pub fn client_tls(verify: bool) -> Result<ClientConfig, Error> {
    Tls::default().make(verify)
}

/// The configurations of all probes.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    /// Trusted beside what the system trusts.
    roots: Vec<CertificateDer<'static>>,
    verifying: OnceLock<Arc<ClientConfig>>,
    trusting: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// Configurations that trust these authorities beside those of the system.
    pub(super) fn trusting(roots: Vec<CertificateDer<'static>>) -> Self {
        Self { roots, ..Self::default() }
    }

    /// The configuration that verifies certificates against what the system trusts, or the one that takes any.
    pub(super) fn config(&self, verify: bool) -> Performed<Arc<ClientConfig>> {
        let place = if verify { &self.verifying } else { &self.trusting };
        if let Some(config) = place.get() {
            return Ok(Arc::clone(config));
        }
        let unusable = |error: Error| not_performed(format!("TLS cannot be used here: {error}"));
        let made = self.make(verify).map_err(unusable)?;
        Ok(Arc::clone(place.get_or_init(|| Arc::new(made))))
    }

    fn make(&self, verify: bool) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = if verify {
            Arc::new(Verifier::new_with_extra_roots(self.roots.iter().cloned(), Arc::clone(&provider))?)
        } else {
            Arc::new(AnyCertificate(Arc::clone(&provider)))
        };
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        // A resumed session would vouch for a certificate that has since been replaced.
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    /// Shakes hands over a connection to `endpoint`.
    pub(crate) async fn handshake<S>(&self, verify: bool, endpoint: &Endpoint, stream: S) -> Performed<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.handshake_for(verify, endpoint, stream, Vec::new()).await
    }

    /// The same, offering these protocols (ALPN, RFC 7301).
    pub(super) async fn handshake_for<S>(
        &self,
        verify: bool,
        endpoint: &Endpoint,
        stream: S,
        offered: Vec<Vec<u8>>,
    ) -> Performed<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.config(verify)?;
        let name = ServerName::try_from(endpoint.host.clone())
            .map_err(|_| not_performed(format!("`{}` is not a name that TLS knows", endpoint.host)))?;
        TlsConnector::from(config).with_alpn(offered).connect(name, stream).await.map_err(|error| match cause(&error) {
            Some(cause) => not_as_expected(format!("{endpoint}: TLS handshake failed: {cause}")),
            None => of_io(&error, endpoint),
        })
    }
}

/// What TLS itself found wrong, where it is that.
pub(super) fn cause(error: &std::io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// When the server's own certificate ends.
pub(super) fn certificate_ends<S>(stream: &TlsStream<S>) -> Option<Timestamp> {
    let (_, session) = stream.get_ref();
    let certificate = Certificate::from_der(session.peer_certificates()?.first()?).ok()?;
    let end = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}

/// Takes any certificate, where the configuration says so.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::path::Path;

    use backout_core::port::ProbeOutcome;
    use backout_testkit::skip::skip;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::{HandshakeKind, ServerConfig};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::command::{Command, CommandError, Environment};

    const AUTHORITY: &str = "
[ca]\ndefault_ca = here
[here]\ndatabase = index.txt\nrand_serial = yes\nnew_certs_dir = .\ndefault_md = sha256\npolicy = any\nx509_extensions = server
[any]\ncommonName = supplied
[server]\nbasicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost
";

    /// A certificate for `localhost`, signed by itself, valid between two times such as `20200101000000Z`.
    async fn certificate(test: &str, folder: &Path, [from, to]: [&str; 2]) -> Option<CertificateDer<'static>> {
        tokio::fs::write(folder.join("ca.cnf"), AUTHORITY).await.unwrap();
        tokio::fs::write(folder.join("index.txt"), "").await.unwrap();
        let request = "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
                       -keyout key.pem -out request.pem";
        let sign = format!(
            "ca -config ca.cnf -selfsign -batch -notext -keyfile key.pem -in request.pem -out cert.pem \
             -startdate {from} -enddate {to}"
        );
        for line in [request, &sign] {
            let environment = Environment::from([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())]);
            let openssl = Command::new("openssl", &environment).args(line.split_whitespace()).folder(folder);
            match openssl.run().await {
                Err(CommandError::NotFound { .. }) => {
                    skip(test, "no `openssl` to make a certificate with");
                    return None;
                }
                made => made.unwrap(),
            };
        }
        Some(CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap())
    }

    /// Accepts connections and shakes hands over each.
    async fn serve(folder: &Path, certificate: &CertificateDer<'static>) -> SocketAddr {
        install_crypto();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.clone()], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = acceptor.accept(stream).await;
            }
        });
        address
    }

    async fn shake(tls: &Tls, verify: bool, name: &str, address: SocketAddr) -> Performed<TlsStream<TcpStream>> {
        let endpoint = Endpoint::parse(&format!("{name}:{}", address.port())).unwrap();
        tls.handshake(verify, &endpoint, TcpStream::connect(address).await.unwrap()).await
    }

    fn blamed(performed: Performed<TlsStream<TcpStream>>) -> String {
        match performed {
            Err(ProbeOutcome::NotAsExpected { what }) => what,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("the handshake succeeded"),
        }
    }

    #[tokio::test]
    async fn a_certificate_is_verified_for_its_name_and_its_authority() {
        let folder = tempfile::tempdir().unwrap();
        let name = "a_certificate_is_verified_for_its_name_and_its_authority";
        let Some(certificate) = certificate(name, folder.path(), ["20200101000000Z", "20400101000000Z"]).await else {
            return;
        };
        let address = serve(folder.path(), &certificate).await;
        let trusted = Tls { roots: vec![certificate], ..Tls::default() };
        let stream = shake(&trusted, true, "localhost", address).await.unwrap();
        assert_eq!(certificate_ends(&stream), Some("2040-01-01T00:00:00Z".parse().unwrap()));
        let other_name = blamed(shake(&trusted, true, "shop.example", address).await);
        assert!(other_name.contains("TLS handshake failed: invalid peer certificate: certificate not valid for name"));
        let unknown = blamed(shake(&Tls::default(), true, "localhost", address).await);
        assert!(unknown.contains("TLS handshake failed: invalid peer certificate"), "{unknown}");
        assert!(shake(&Tls::default(), false, "shop.example", address).await.is_ok());
    }

    #[tokio::test]
    async fn a_certificate_that_has_ended_is_refused_and_still_read_where_none_is_verified() {
        let folder = tempfile::tempdir().unwrap();
        let name = "a_certificate_that_has_ended_is_refused_and_still_read_where_none_is_verified";
        let Some(certificate) = certificate(name, folder.path(), ["20200101000000Z", "20200201000000Z"]).await else {
            return;
        };
        let address = serve(folder.path(), &certificate).await;
        let tls = Tls { roots: vec![certificate], ..Tls::default() };
        let ended = blamed(shake(&tls, true, "localhost", address).await);
        assert!(ended.contains("certificate expired"), "{ended}");
        let stream = shake(&tls, false, "localhost", address).await.unwrap();
        assert_eq!(certificate_ends(&stream), Some("2020-02-01T00:00:00Z".parse().unwrap()));
    }

    #[tokio::test]
    async fn no_session_is_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let dates = ["20200101000000Z", "20400101000000Z"];
        let Some(certificate) = certificate("no_session_is_resumed", folder.path(), dates).await else { return };
        let address = serve(folder.path(), &certificate).await;
        let tls = Tls::default();
        for _ in 0..2 {
            let mut stream = shake(&tls, false, "localhost", address).await.unwrap();
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
            // Tickets for resuming come after the handshake.
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 64]).await;
        }
    }

    #[tokio::test]
    async fn what_does_not_speak_tls_is_not_as_expected() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 64]).await;
        });
        blamed(shake(&Tls::default(), true, "localhost", address).await);
    }
}
