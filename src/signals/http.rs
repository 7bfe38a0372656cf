//! One request at a time, with limits, and every failure sorted.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Certificate, Client, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Endpoint;
use crate::snapshot::Why;
use crate::texts::cluster as texts;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(15);
const LARGEST_ANSWER: usize = 32 << 20;
/// Of a failure's words.
const LONGEST_WORDS: usize = 200;

/// GET of a path with this query, which whoever speaks this API has.
pub(super) async fn get<T: DeserializeOwned>(
    endpoint: &Endpoint,
    path: &str,
    query: &[(&str, &str)],
) -> Result<T, Why> {
    get_if_served(endpoint, path, query).await.map_err(|why| match why {
        Why::NotServed => Why::Failed(texts::NO_SUCH_API.to_owned()),
        other => other,
    })
}

/// The same of a path that some leave out.
pub(super) async fn get_if_served<T: DeserializeOwned>(
    endpoint: &Endpoint,
    path: &str,
    query: &[(&str, &str)],
) -> Result<T, Why> {
    let (status, body) = answer(endpoint, path, query).await.map_err(|error| failed(&error.to_string()))?;
    match status {
        status if status.is_success() => {
            serde_json::from_slice(&body).map_err(|error| failed(&format!("the answer makes no sense: {error}")))
        }
        StatusCode::FORBIDDEN => Err(Why::Forbidden),
        StatusCode::NOT_FOUND => Err(Why::NotServed),
        status => Err(failed(&said(status, &body))),
    }
}

async fn answer(
    endpoint: &Endpoint,
    path: &str,
    query: &[(&str, &str)],
) -> Result<(StatusCode, Vec<u8>), Box<dyn Error + Send + Sync>> {
    let url = Url::parse_with_params(&format!("{}{path}", endpoint.url), query)?;
    let mut request = client(endpoint)?.get(url);
    if let Some(path) = &endpoint.token_file {
        request = request.bearer_auth(read(path)?.trim());
    }
    let mut response = request.send().await.map_err(|error| innermost(&error))?;
    let body = whole(&mut response).await?;
    Ok((response.status(), body))
}

/// A request as it is, and its answer.
pub(super) async fn send(request: http::Request<Bytes>) -> Result<http::Response<Bytes>, Box<dyn Error + Send + Sync>> {
    let client = client(&Endpoint::default())?;
    let mut response = client.execute(request.try_into()?).await.map_err(|error| innermost(&error))?;
    let body = whole(&mut response).await?;
    let mut answer = http::Response::new(Bytes::from(body));
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

async fn whole(response: &mut Response) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| innermost(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err("the answer is too large".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// One per request: an inspection makes a handful of them a day, and certificates are rotated.
fn client(endpoint: &Endpoint) -> Result<Client, Box<dyn Error + Send + Sync>> {
    crate::cluster::init_tls();
    let mut client = Client::builder()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        // Whoever answers elsewhere would get the token.
        .redirect(reqwest::redirect::Policy::none());
    if let Some(path) = &endpoint.ca_file {
        client = client.tls_certs_merge(Certificate::from_pem_bundle(read(path)?.as_bytes())?);
    }
    Ok(client.build()?)
}

fn read(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

/// The outer layers name the address, which is in the configuration, and not what went wrong.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// Prometheus and Alertmanager say why in JSON, others in a page.
fn said(status: StatusCode, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => format!("{}: {}", status.as_u16(), refusal.error),
        Err(_) => status.to_string(),
    }
}

pub(super) fn failed(words: &str) -> Why {
    let words: String = words.chars().take(LONGEST_WORDS).collect();
    Why::Failed(crate::redact::text(&words).into_owned())
}
