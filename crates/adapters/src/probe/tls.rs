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

/// The configurations of all probes.
#[derive(Debug, Default)]
pub(super) struct Tls {
    /// Trusted beside what the system trusts.
    roots: Vec<CertificateDer<'static>>,
    verifying: OnceLock<Arc<ClientConfig>>,
    trusting: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
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
    pub(super) async fn handshake<S>(&self, verify: bool, endpoint: &Endpoint, stream: S) -> Performed<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.config(verify)?;
        let name = ServerName::try_from(endpoint.host.clone())
            .map_err(|_| not_performed(format!("`{}` is not a name that TLS knows", endpoint.host)))?;
        TlsConnector::from(config).connect(name, stream).await.map_err(|error| match cause(&error) {
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
