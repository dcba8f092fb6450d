//! A request as it is sent.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request};

/// The bytes of a request. Its length is what it is, whatever its headers say of it.
pub(super) fn written(request: &Request<String>) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    let headers = request.headers().iter().filter(|(name, _)| ![CONTENT_LENGTH, TRANSFER_ENCODING].contains(name));
    for (name, value) in headers {
        [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].iter().for_each(|part| bytes.extend(*part));
    }
    // A `POST` of nothing says so (RFC 9110, section 8.6).
    if request.method() == Method::POST || !request.body().is_empty() {
        bytes.extend(format!("content-length: {}\r\n", request.body().len()).bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(request.body().bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(request: http::request::Builder, body: &str) -> String {
        String::from_utf8(written(&request.body(body.to_owned()).unwrap())).unwrap()
    }

    #[test]
    fn a_request_says_what_is_wanted_and_how_long_it_is() {
        let get = Request::get("/health?deep=1").header("Host", "shop.example").header("x-token", "1");
        assert_eq!(sent(get, ""), "GET /health?deep=1 HTTP/1.1\r\nhost: shop.example\r\nx-token: 1\r\n\r\n");
        let post = Request::post("/query").header("content-length", "9").header("transfer-encoding", "chunked");
        assert_eq!(sent(post, "a=b"), "POST /query HTTP/1.1\r\ncontent-length: 3\r\n\r\na=b");
        assert_eq!(sent(Request::post("/"), ""), "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
    }
}
