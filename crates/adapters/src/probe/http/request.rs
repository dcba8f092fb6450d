//! What is asked.

use backout_core::config::{Connection, HttpMethod, HttpProbe, Protocol};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request};
use url::Url;

use crate::probe::outcome::{Performed, not_performed};
use crate::probe::redact::Lookup;

/// How probes name themselves.
pub(in crate::probe) const AGENT: &str = concat!("backout/", env!("CARGO_PKG_VERSION"));

/// The request of a probe.
pub(super) async fn request(http: &HttpProbe, url: &Url, lookup: &mut Lookup<'_>) -> Performed<Request<String>> {
    let mut request = Request::new(String::new());
    *request.method_mut() = method(http.method);
    *request.uri_mut() = target(url).parse().map_err(|_| not_performed("its path cannot be sent"))?;
    let headers = request.headers_mut();
    for (name, value) in [("user-agent", AGENT), ("accept", "*/*")] {
        add(headers, name, value)?;
    }
    match (http.protocol, http.connection) {
        (Protocol::Http1, connection) => {
            add(headers, "host", &authority(url))?;
            add(headers, "connection", if connection == Connection::New { "close" } else { "keep-alive" })?;
        }
        (Protocol::Http2, _) => {}
    }
    if let Some(send) = &http.send {
        let body = lookup.text(send).await?.reveal().to_owned();
        add(headers, "content-type", "application/json")?;
        *request.body_mut() = body;
    }
    let headers = request.headers_mut();
    for (name, value) in &http.headers {
        add(headers, name, lookup.text(value).await?.reveal())?;
    }
    if http.protocol == Protocol::Http2 {
        name_the_host(&mut request, url)?;
    }
    Ok(request)
}

/// HTTP/2 has no `host` header: whom it is for stands in the address (RFC 9113, section 8.3.1).
fn name_the_host(request: &mut Request<String>, url: &Url) -> Performed<()> {
    let headers = request.headers_mut();
    let configured = headers.remove("host");
    ["connection", "keep-alive", "transfer-encoding", "upgrade"].iter().for_each(|name| drop(headers.remove(*name)));
    let host = configured.as_ref().and_then(|host| host.to_str().ok()).map_or_else(|| authority(url), str::to_owned);
    let whole = format!("{}://{host}{}", url.scheme(), target(url));
    *request.uri_mut() = whole.parse().map_err(|_| not_performed("its path cannot be sent"))?;
    Ok(())
}

/// Sets a header; the ones that are always sent give way to those of the configuration.
pub(in crate::probe) fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Performed<()> {
    let header = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value).ok());
    let (name, value) = header.ok_or_else(|| not_performed(format!("its header `{name}` cannot be sent")))?;
    headers.insert(name, value);
    Ok(())
}

fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Post => Method::POST,
        HttpMethod::Options => Method::OPTIONS,
    }
}

/// What the request line asks for.
pub(in crate::probe) fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// What the `host` header says: the port only where it is not the scheme's own.
pub(in crate::probe) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use backout_core::config::{SecretOrText, Sensitive};

    use super::*;
    use crate::secret::Secrets;

    async fn built(url: &str, headers: &[(&str, &str)]) -> Performed<Request<String>> {
        let text = |text: &str| SecretOrText::Text(Sensitive::new(text.to_owned()));
        let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        let http = HttpProbe { url: url.to_owned(), method: HttpMethod::Head, headers, ..HttpProbe::default() };
        let secrets = Secrets::new(BTreeMap::new(), "/");
        request(&http, &Url::parse(url).unwrap(), &mut Lookup::new(&secrets)).await
    }

    #[tokio::test]
    async fn a_request_asks_for_path_and_query_of_the_host_with_its_port() {
        let request = built("http://[::1]:8001/health?deep=1#part", &[]).await.unwrap();
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::HEAD, "/health?deep=1"));
        assert_eq!(request.headers()["host"], "[::1]:8001");
        assert_eq!(request.headers()["connection"], "close");
        assert_eq!(built("https://shop.example:443", &[]).await.unwrap().headers()["host"], "shop.example");
    }

    #[tokio::test]
    async fn what_is_sent_is_json_unless_a_header_says_otherwise() {
        let text = |text: &str| SecretOrText::Text(Sensitive::new(text.to_owned()));
        let secrets = Secrets::new(BTreeMap::new(), "/");
        let mut http = HttpProbe { send: Some(text("{}")), method: HttpMethod::Post, ..HttpProbe::default() };
        let url = Url::parse("http://127.0.0.1/orders").unwrap();
        let json = request(&http, &url, &mut Lookup::new(&secrets)).await.unwrap();
        assert_eq!(
            (json.body().as_str(), &json.headers()["content-type"]),
            ("{}", &"application/json".parse().unwrap())
        );
        http.headers = [("content-type".to_owned(), text("text/plain"))].into();
        let plain = request(&http, &url, &mut Lookup::new(&secrets)).await.unwrap();
        assert_eq!(plain.headers().get_all("content-type").iter().collect::<Vec<_>>(), ["text/plain"]);
    }

    #[tokio::test]
    async fn a_configured_header_replaces_the_usual_one() {
        let request = built("http://127.0.0.1/", &[("host", "shop.example"), ("x-token", "1")]).await.unwrap();
        let headers = request.headers();
        assert_eq!(headers.get_all("host").iter().count(), 1);
        assert_eq!((&headers["host"], &headers["x-token"]), (&"shop.example".parse().unwrap(), &"1".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_header_that_would_break_the_request_is_named_without_its_value() {
        let outcome = built("http://127.0.0.1/", &[("x-token", "hunter2\r\nx: y")]).await.unwrap_err();
        assert_eq!(outcome, not_performed("its header `x-token` cannot be sent"));
    }
}
