//! The client of Kakao's Story API and of the part of Kakao Login that keeps an account's tokens alive.
//!
//! Owns HTTP and Kakao's codes: every failure leaves here as a [`Fault`] that says what to do. It sends what it is told, once:
//! no redirects, no retries of its own but for the token refresh, and it never meets the store. Stands on Kakao's documents.
//!
//! - [`error`]: the fault table
//! - `wire`, `entry`, [`story`], [`list`]: the shapes on the wire
//! - `json`: what is read of an answer of any size
//! - `exchange`, `excerpt`: one request and its answer, and what may be shown of them
//! - `link`: whether a scrape is of the page that was asked for
//! - `image`: the files of an upload, on their way out
//! - `time`: what answers tell of the time
//! - [`token`], [`folder`], [`refresh`], [`login`]: tokens as values, on disk, renewed, and first obtained

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

use self::error::{BadAnswer, CallKind, RequestNotSent};
use self::exchange::{Listener, SuccessBody, asked, exchange, fault_of, unsendable};
pub use self::image::ImageFile;
use self::image::check_images;
use self::list::StoryPage;
use self::story::{Consent, Posted, Profile, Story, TokenInfo};
use self::token::{AccessToken, RefreshToken, TokenAnswer};
use crate::domain::clock::Clock;
use crate::domain::content::{Artifact, Outgoing};
use crate::domain::dates::Dates;
use crate::domain::fault::Fault;
use crate::tls;

mod entry;
pub mod error;
mod excerpt;
mod exchange;
pub mod folder;
mod image;
mod json;
mod link;
pub mod list;
pub mod login;
mod proxy;
pub mod refresh;
pub mod story;
mod time;
pub mod token;
mod wire;

/// What the documents ask for, to the letter.
const FORM: &str = "application/x-www-form-urlencoded;charset=utf-8";

/// Where Kakao is: base URLs, http or https, with or without a path, without query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The API.
    pub api_url: String,
    /// Kakao Login.
    pub login_url: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self { api_url: "https://kapi.kakao.com".into(), login_url: "https://kauth.kakao.com".into() }
    }
}

/// How long a call may take, and how much is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To reach the server, name resolution and TLS included. Shorter than each of the others, so that a server that cannot be
    /// reached is known as such, and not taken for one that does not answer.
    pub connect_timeout: Duration,
    /// A whole call that may be repeated.
    pub request_timeout: Duration,
    /// A whole upload: up to ten images of 10 MB.
    pub upload_timeout: Duration,
    /// The whole publish request. Longer than the usual limit of a gateway, so that its time-outs reach us as answers rather
    /// than as silence; well under a post's lease, which the engine asserts.
    pub publish_timeout: Duration,
    /// Most bytes of an answer that are read, unpacked.
    pub body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            upload_timeout: Duration::from_secs(180),
            publish_timeout: Duration::from_secs(75),
            body_bytes_max: 4 * 1024 * 1024,
        }
    }
}

/// Why there can be no client. All of it is the settings' or the machine's fault.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A base URL that is none.
    #[error("`{name}` is {url:?}, which {why}: give a URL such as https://kapi.kakao.com")]
    Url {
        /// The settings' key.
        name: &'static str,
        /// What it holds.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A time-out that is too short to tell "not sent" from "not answered".
    #[error("`{name}` must be longer than the connect time-out of {connect:?}")]
    Limits {
        /// The limit.
        name: &'static str,
        /// The connect time-out.
        connect: Duration,
    },
    /// TLS cannot be set up on this machine.
    #[error("the HTTP client cannot be set up; check that the machine has CA certificates")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Build(#[source] reqwest::Error),
}

/// Speaks to Kakao. Cheap to clone.
///
/// Every request opens a connection of its own. On a connection that is used again, a stray second answer to one request would be read as
/// the answer to the next one: another post's story, a refusal that never was, another account's list.
#[derive(Clone, Debug)]
pub struct Client {
    /// For the calls that may be repeated.
    repeatable: reqwest::Client,
    /// For the publish request.
    publishing: reqwest::Client,
    /// For the refresh of tokens.
    renewing: reqwest::Client,
    endpoints: Endpoints,
    limits: Limits,
    clock: Clock,
    dates: Dates,
    /// The proxy of the environment, where requests take that way.
    proxy: Option<String>,
}

impl Client {
    /// A client for `endpoints`.
    ///
    /// # Errors
    /// When a URL or a limit makes no sense, or the machine offers no TLS.
    pub fn new(endpoints: Endpoints, limits: Limits, clock: Clock) -> Result<Self, ClientError> {
        let connect = limits.connect_timeout;
        for (name, limit) in [
            ("request_timeout", limits.request_timeout),
            ("upload_timeout", limits.upload_timeout),
            ("publish_timeout", limits.publish_timeout),
        ] {
            if limit <= connect {
                return Err(ClientError::Limits { name, connect });
            }
        }
        let endpoints = Endpoints {
            api_url: base("api_url", &endpoints.api_url)?,
            login_url: base("login_url", &endpoints.login_url)?,
        };
        let repeatable = builder(&limits, &endpoints)?.build().map_err(ClientError::Build)?;
        let publishing = builder(&limits, &endpoints)?.no_gzip().build().map_err(ClientError::Build)?;
        let renewing = builder(&limits, &endpoints)?.no_gzip().build().map_err(ClientError::Build)?;
        // As in `builder`: none stands before a server on this machine.
        let local = is_local(&endpoints.api_url) && is_local(&endpoints.login_url);
        let proxy = proxy::on_the_way_to(&endpoints.api_url, |name| std::env::var(name).ok()).filter(|_| !local);
        Ok(Self { repeatable, publishing, renewing, endpoints, limits, clock, dates: Dates::default(), proxy })
    }

    /// Whether the account uses Kakao Story (GET `isstoryuser`). Repeatable.
    pub async fn is_story_user(&self, token: &AccessToken) -> Result<bool, Fault> {
        self.get(token, "/v1/api/story/isstoryuser", &[], |reply| wire::is_story_user(&reply.body)).await
    }

    /// The account's profile, with https image URLs (GET `profile`). Repeatable.
    pub async fn profile(&self, token: &AccessToken) -> Result<Profile, Fault> {
        let query = [("secure_resource", "true")];
        self.get(token, "/v1/api/story/profile", &query, |reply| story::profile(&reply.body)).await
    }

    /// Uploads the images of one story, in order (POST `upload/multi`). Repeatable. The artifact is Kakao's answer byte for
    /// byte, checked to name as many images.
    pub async fn upload(&self, token: &AccessToken, images: Vec<ImageFile>) -> Result<Artifact, Fault> {
        check_images(&images)?;
        let (count, bytes) = (images.len(), images.iter().map(|image| image.bytes).sum::<u64>());
        let asked = || format!("POST /v1/api/story/upload/multi ({count} images, {bytes} bytes)");
        let mut form = Form::new();
        for (number, image) in (1..).zip(images) {
            form = form.part("file", image.into_part(number)?);
        }
        let url = format!("{}/v1/api/story/upload/multi", self.endpoints.api_url);
        let request = self.repeatable.post(url).timeout(self.limits.upload_timeout).multipart(form);
        let reply =
            self.send(CallKind::Repeatable, &self.source(Some(token)), authorised(request, token)?, &asked).await?;
        wire::image_paths(&reply.body, count)
            .map_err(|how| fault_of(CallKind::Repeatable, &reply.unreadable(how), asked(), reply.said()))
    }

    /// Has Kakao scrape a page (GET `linkinfo`). Repeatable. The artifact is Kakao's answer byte for byte, checked to be an
    /// object that does not say that another page was asked for; [`LinkCard::read`](story::LinkCard::read) shows it.
    pub async fn link_info(&self, token: &AccessToken, url: &str) -> Result<Artifact, Fault> {
        self.get(token, "/v1/api/story/linkinfo", &[("url", url)], |reply| {
            let artifact = wire::link(&reply.body)?;
            link::other_page(url, &artifact).map_or(Ok(artifact), Err)
        })
        .await
    }

    /// Posts a story (POST `post/note`, `post/photo` or `post/link`). The one call that must never be sent twice: anything but
    /// a plain answer is [`Ambiguous`](crate::domain::fault::FaultClass::Ambiguous).
    pub async fn publish(&self, token: &AccessToken, outgoing: &Outgoing) -> Result<Posted, Fault> {
        let (path, form) = wire::post(outgoing)?;
        let url = format!("{}{path}", self.endpoints.api_url);
        let request =
            self.publishing.post(url).timeout(self.limits.publish_timeout).header(CONTENT_TYPE, FORM).form(&form);
        let asked = || asked(&format!("POST {path}"), form.iter().map(|(name, value)| (*name, value.as_str())));
        let reply = self.send(CallKind::Once, &self.source(Some(token)), authorised(request, token)?, &asked).await?;
        match wire::story_id(&reply.body) {
            Ok(story_id) => Ok(Posted { story_id, server_date: reply.server_date }),
            Err(how) => Err(fault_of(CallKind::Once, &reply.unreadable(how), asked(), reply.said())),
        }
    }

    /// One story with its comments and moods (GET `mystory`). Repeatable. A story that does not exist is a fault for which
    /// [`is_gone`](error::is_gone) holds.
    pub async fn story(&self, token: &AccessToken, id: &str) -> Result<Story, Fault> {
        self.get(token, "/v1/api/story/mystory", &[("id", id)], |reply| story::story(&reply.body)).await
    }

    /// One page of the account's stories, newest first, older than `last_id` (GET `mystories`). Repeatable. A page that is no array of
    /// stories, or one of more than 1,000, is a fault: a failed listing is not an absence.
    pub async fn stories(&self, token: &AccessToken, last_id: Option<&str>) -> Result<StoryPage, Fault> {
        let query: Vec<(&str, &str)> = last_id.map(|id| ("last_id", id)).into_iter().collect();
        self.get(token, "/v1/api/story/mystories", &query, |reply| {
            Ok(StoryPage { entries: list::entries(&reply.body)?, server_date: reply.server_date })
        })
        .await
    }

    /// Takes a story down (DELETE `delete/mystory`). Repeatable. One that is down already is a fault for which
    /// [`is_gone`](error::is_gone) holds.
    pub async fn delete(&self, token: &AccessToken, id: &str) -> Result<(), Fault> {
        let path = "/v1/api/story/delete/mystory";
        let request = self.repeatable(Method::DELETE, path, &[("id", id)]);
        let asked = || asked(&format!("DELETE {path}"), [("id", id)]);
        self.send(CallKind::Repeatable, &self.source(Some(token)), authorised(request, token)?, &asked)
            .await
            .map(|_| ())
    }

    /// Whose token it is and how long it lives (GET `/v1/user/access_token_info`). Repeatable.
    pub async fn token_info(&self, token: &AccessToken) -> Result<TokenInfo, Fault> {
        self.get(token, "/v1/user/access_token_info", &[], |reply| story::token_info(&reply.body)).await
    }

    /// Which of the consents `wanted` the account has given; all that it knows for none (GET `/v2/user/scopes`). Repeatable.
    pub async fn scopes(&self, token: &AccessToken, wanted: &[&str]) -> Result<Vec<Consent>, Fault> {
        let wanted = if wanted.is_empty() { None } else { serde_json::to_string(wanted).ok() };
        let query: Vec<(&str, &str)> = wanted.iter().map(|list| ("scopes", list.as_str())).collect();
        self.get(token, "/v2/user/scopes", &query, |reply| story::scopes(&reply.body)).await
    }

    /// Buys the next access token (POST `/oauth/token`). Sent once, on a fresh connection: an answer that gets lost may have
    /// carried the only copy of a new refresh token. [`Tokens`](refresh::Tokens) is what calls this.
    pub async fn refresh(
        &self,
        rest_api_key: &SecretString,
        client_secret: Option<&SecretString>,
        refresh_token: &RefreshToken,
    ) -> Result<TokenAnswer, Fault> {
        let secret = client_secret.map(ExposeSecret::expose_secret);
        let form = wire::refresh(rest_api_key.expose_secret(), secret, refresh_token);
        let url = format!("{}/oauth/token", self.endpoints.login_url);
        let request =
            self.renewing.post(url).timeout(self.limits.request_timeout).header(CONTENT_TYPE, FORM).form(&form);
        let asked = || "POST /oauth/token grant_type=refresh_token".to_owned();
        let reply = self.send(CallKind::Login, &host_of(&self.endpoints.login_url), request, &asked).await?;
        wire::token_answer(&reply.body)
            .map_err(|how| fault_of(CallKind::Login, &reply.unreadable(how), asked(), reply.said()))
    }

    fn repeatable(&self, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = format!("{}{path}", self.endpoints.api_url);
        if !query.is_empty() {
            // A blank as `%20`, which every server reads: `+` means one in forms only.
            let query = form_urlencoded(query).replace('+', "%20");
            url = format!("{url}?{query}");
        }
        self.repeatable.request(method, url).timeout(self.limits.request_timeout)
    }

    async fn get<T>(
        &self,
        token: &AccessToken,
        path: &str,
        query: &[(&str, &str)],
        read: impl FnOnce(&SuccessBody) -> Result<T, String>,
    ) -> Result<T, Fault> {
        let request = self.repeatable(Method::GET, path, query);
        let asked = || asked(&format!("GET {path}"), query.iter().copied());
        let reply =
            self.send(CallKind::Repeatable, &self.source(Some(token)), authorised(request, token)?, &asked).await?;
        read(&reply).map_err(|how| fault_of(CallKind::Repeatable, &reply.unreadable(how), asked(), reply.said()))
    }

    /// `asked` tells a fault what the request was; it is not called when all goes well.
    async fn send(
        &self,
        call: CallKind,
        source: &str,
        request: RequestBuilder,
        asked: &impl Fn() -> String,
    ) -> Result<SuccessBody, Fault> {
        let listener = Listener { source, clock: &self.clock, dates: &self.dates };
        let reply = exchange(request, self.limits.body_bytes_max, listener).await;
        reply.map_err(|met| {
            let mut fault = fault_of(call, &met.trouble, asked(), met.said);
            if let (Some(proxy), BadAnswer::NotSent(RequestNotSent::Dns | RequestNotSent::Connect, _)) =
                (&self.proxy, &met.trouble)
            {
                fault.reason.push_str(&format!("; the way there is the proxy {proxy} (HTTPS_PROXY or the like)"));
            }
            fault
        })
    }
}

/// What the HTTP clients have in common. No redirect is followed and nothing is sent again: the engine decides on both.
fn builder(limits: &Limits, endpoints: &Endpoints) -> Result<reqwest::ClientBuilder, rustls::Error> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config()?)
        .user_agent(concat!("storyd/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // No connection is used twice.
        .pool_max_idle_per_host(0)
        .connect_timeout(limits.connect_timeout);
    // The environment's proxy stands between us and Kakao, not between us and a server on this machine.
    let local = is_local(&endpoints.api_url) && is_local(&endpoints.login_url);
    Ok(if local { builder.no_proxy() } else { builder })
}

fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn is_local(url: &str) -> bool {
    let host = host_of(url);
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A base URL without its last slash.
fn base(name: &'static str, text: &str) -> Result<String, ClientError> {
    let wrong = |why| ClientError::Url { name, url: text.to_owned(), why };
    let url = Url::parse(text).map_err(|_| wrong("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is neither http nor https"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or a fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or a password"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn form_urlencoded(fields: &[(&str, &str)]) -> String {
    // Borrowed from the URL parser, which has the one correct table of what must be escaped.
    let url = Url::parse_with_params("http://localhost", fields);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

fn authorised(request: RequestBuilder, token: &AccessToken) -> Result<RequestBuilder, Fault> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|error| unsendable(&error))?;
    value.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, value))
}
