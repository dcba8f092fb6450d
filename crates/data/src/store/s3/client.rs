//! How a server is spoken to: address, region, credentials, patience.

use std::time::Duration;

use backout_adapters::probe::install_crypto;
use backout_core::config::{S3Store, SecretOrText};
use backout_core::port::PortError;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{ClientOptions, RetryConfig};

use crate::Target;

/// How long one request may take: it carries at most one piece.
const REQUEST: Duration = Duration::from_secs(300);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a request is tried again.
const RETRIES: usize = 4;
/// How long a request is tried again.
const RETRIED: Duration = Duration::from_secs(60);

/// What the tools of Amazon take credentials from, where the configuration names none.
const CREDENTIALS: [AmazonS3ConfigKey; 7] = [
    AmazonS3ConfigKey::AccessKeyId,
    AmazonS3ConfigKey::SecretAccessKey,
    AmazonS3ConfigKey::Token,
    AmazonS3ConfigKey::WebIdentityTokenFile,
    AmazonS3ConfigKey::RoleArn,
    AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
    AmazonS3ConfigKey::ContainerCredentialsFullUri,
];

/// A client for the bucket of `settings`.
///
/// # Errors
/// A secret that cannot be had; an address that cannot be used.
pub(super) async fn client(target: &Target, settings: &S3Store) -> Result<AmazonS3, PortError> {
    install_crypto();
    let is_http = settings.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let options = ClientOptions::new().with_timeout(REQUEST).with_connect_timeout(CONNECT).with_allow_http(is_http);
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRIED, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        // Servers that are not Amazon's seldom have a name for each bucket.
        .with_virtual_hosted_style_request(settings.endpoint.is_none())
        .with_retry(retry)
        .with_client_options(options);
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    let builder = match (&settings.access_key_id, &settings.secret_access_key) {
        (Some(id), Some(key)) => builder
            .with_access_key_id(secret(target, "access_key_id", id).await?)
            .with_secret_access_key(secret(target, "secret_access_key", key).await?),
        _ => from_environment(target, builder),
    };
    builder.build().map_err(|error| {
        PortError::new(format!("s3://{}/ cannot be used: {error}", settings.bucket)).hint("check `backup.store.s3`")
    })
}

fn from_environment(target: &Target, builder: AmazonS3Builder) -> AmazonS3Builder {
    CREDENTIALS.into_iter().fold(builder, |builder, key| {
        let name = key.as_ref().to_ascii_uppercase();
        match target.environment.get(std::ffi::OsStr::new(&name)).and_then(|value| value.to_str()) {
            Some(value) => builder.with_config(key, value),
            None => builder,
        }
    })
}

async fn secret(target: &Target, what: &str, secret: &SecretOrText) -> Result<String, PortError> {
    let text = target.secrets.text(secret).await.map_err(|error| {
        PortError::new(format!("database `{}`, `{what}` of its store: {error}", target.configured.name))
            .hint(error.hint())
    })?;
    Ok(text.reveal().to_owned())
}
