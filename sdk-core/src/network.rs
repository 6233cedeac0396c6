//! One network and TLS set-up for REST and WebSocket.
//!
//! A [`Network`] says how to reach a host: proxy, extra root certificates, connect timeout, User-Agent. REST calls and the
//! WebSocket's HTTP upgrade both go through it, so that what works for one works for the other.
//!
//! What always holds:
//! - TLS 1.2 or newer, checked by the platform's own verifier, with a crypto provider of this crate's choice (*ring*). The
//!   process-wide default provider is neither read nor set, so other crates in the program cannot break it.
//! - HTTP/1.1 is the one protocol that is offered: a WebSocket cannot be opened over HTTP/2.
//! - Redirects are not followed: a followed redirect sends a move twice and hands the key to another host.
//! - Loopback is reached directly, whatever proxy is set. Elsewhere the explicit [`proxy`](Network::proxy) is used, or that
//!   of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
//! - Nothing is decompressed, so a small answer cannot become a huge one.
//!
//! ```
//! use std::time::Duration;
//! use sdk_core::network::Network;
//!
//! let network = Network::new()
//!     .user_agent("my-bot/1.0")
//!     .connect_timeout(Duration::from_secs(5))
//!     .proxy("http://user:password@proxy.example:3128")?;
//! assert!(network.check_url(&"wss://api.example/ws".parse().unwrap()).is_ok());
//! assert!(network.check_url(&"ws://api.example/ws".parse().unwrap()).is_err(), "a key would travel in the clear");
//! assert!(!format!("{network:?}").contains("password"));
//! # Ok::<(), sdk_core::Error>(())
//! ```

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::ClientBuilder;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use url::Url;

use crate::error::{Error, Result, codes};
use crate::secret::{is_loopback, shown_url};

/// How long a connection (name, TCP, proxy and TLS together) may take unless set otherwise.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const OWN_PRODUCT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// At most this many characters of a product are sent.
const MAX_PRODUCT: usize = 128;

/// Shorter than the idle limit of the usual proxies and routers, so that a kept connection is seldom a dead one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How to reach a host. Cheap to clone; see the [module](self) for what always holds.
#[derive(Clone)]
pub struct Network {
    products: Vec<String>,
    connect_timeout: Duration,
    proxy: Option<Proxy>,
    extra_roots: Vec<CertificateDer<'static>>,
    /// The TLS set-up with the extra roots, built once for all clones.
    extra_roots_config: Arc<OnceLock<ClientConfig>>,
    allow_plaintext: bool,
    rest_client: Option<reqwest::Client>,
}

#[derive(Clone)]
struct Proxy {
    shown: String,
    proxy: reqwest::Proxy,
}

impl Network {
    /// The defaults: the platform's root certificates, the environment's proxy, 10 s to connect.
    pub fn new() -> Self {
        Self {
            products: Vec::new(),
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            proxy: None,
            extra_roots: Vec::new(),
            extra_roots_config: Arc::default(),
            allow_plaintext: false,
            rest_client: None,
        }
    }

    /// Adds a product such as `my-bot/1.0` to the User-Agent header. Products stand in the order in which they were added,
    /// each once, and this crate's own comes last. Characters that a header may not hold are left out; at most 128 are
    /// kept.
    #[must_use]
    pub fn user_agent(mut self, product: &str) -> Self {
        let product: String = product.chars().filter(|c| matches!(c, ' '..='~')).take(MAX_PRODUCT).collect();
        let product = product.trim();
        if !product.is_empty() && !self.products.iter().any(|known| known == product) {
            self.products.push(product.to_owned());
        }
        self
    }

    /// How long a connection may take, its TLS handshake included. Default: 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Reaches every host that is not loopback through an HTTP proxy, such as `http://user:password@proxy.example:3128`. The
    /// proxy of the environment is not looked at any more. The user name and password are never printed.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG) when `url` is not an `http://` or `https://` URL.
    pub fn proxy(mut self, url: &str) -> Result<Self> {
        // Neither the text nor the parser's error is shown: both may hold the password.
        let refused =
            || Error::invalid_config("proxy", "a proxy is given as http://host:port or https://host:port");
        let mut url = Url::parse(url).map_err(|_| refused())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused());
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = decoded(url.username());
        let password = decoded(url.password().unwrap_or_default());
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| refused())?;
        let mut proxy = reqwest::Proxy::all(url.clone()).map_err(|_| refused())?;
        if !user.is_empty() || !password.is_empty() {
            proxy = proxy.basic_auth(&user, &password);
        }
        self.proxy = Some(Proxy { shown: shown_url(&url), proxy });
        Ok(self)
    }

    /// Trusts the certificates of a PEM file (one or more) beside those of the platform: for a company's own proxy, or a
    /// server with a certificate authority of its own.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG) when the text holds no certificate, or one that cannot be read.
    pub fn root_certificate_pem(mut self, pem: &[u8]) -> Result<Self> {
        let refused = |what: &str| Error::invalid_config("root_certificate_pem", what);
        let before = self.extra_roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| refused("this is not PEM").with_source(error))?;
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| refused("a certificate cannot be read").with_source(error))?;
            self.extra_roots.push(certificate);
        }
        if self.extra_roots.len() == before {
            return Err(refused("the text holds no certificate (-----BEGIN CERTIFICATE-----)"));
        }
        self.extra_roots_config = Arc::default();
        Ok(self)
    }

    /// Whether keys may travel over `ws://` and `http://` to a host that is not loopback. Everybody on the way can then
    /// read them. Default: `false`.
    #[must_use]
    pub fn allow_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    /// Makes REST calls with a client of your own. Its settings hold, and those of this `Network` do not; the WebSocket
    /// does not use it. Build it with [`reqwest::redirect::Policy::none()`]: reqwest's default follows redirects with
    /// the body and most headers.
    #[must_use]
    pub fn rest_client(mut self, client: reqwest::Client) -> Self {
        self.rest_client = Some(client);
        self
    }

    /// Whether a URL may be used with a key: `http`, `https`, `ws` or `wss`, with a host and without user info, and
    /// encrypted unless the host is loopback or [`allow_plaintext`](Network::allow_plaintext) is set.
    ///
    /// # Errors
    /// [`INSECURE_URL`](codes::INSECURE_URL) when a key would travel in the clear, otherwise
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG).
    pub fn check_url(&self, url: &Url) -> Result<()> {
        let encrypted = match url.scheme() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            other => {
                return Err(Error::invalid_config(
                    "url",
                    format!("the scheme must be http, https, ws or wss, not `{other}`"),
                ));
            }
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(Error::invalid_config("url", "the URL has no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::invalid_config(
                "url",
                format!(
                    "the URL of {} holds a user name or password: give the key to the builder",
                    shown_url(url)
                ),
            ));
        }
        if !encrypted && !self.allow_plaintext && !is_loopback(url) {
            return Err(Error::new(
                &codes::INSECURE_URL,
                format!("{} is not encrypted, and not on this machine", shown_url(url)),
            )
            .with_field("url"));
        }
        Ok(())
    }

    /// A client for REST calls to `base`, with a connection pool of its own.
    ///
    /// # Errors
    /// As [`check_url`](Network::check_url); [`INVALID_CONFIG`](codes::INVALID_CONFIG) when the scheme is `ws` or `wss`;
    /// [`TLS_FAILED`](codes::TLS_FAILED) when the platform's root certificates cannot be loaded.
    pub fn rest(&self, base: &Url) -> Result<reqwest::Client> {
        self.check_url(base)?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Error::invalid_config("url", "a REST address begins with https:// or http://"));
        }
        match &self.rest_client {
            Some(client) => Ok(client.clone()),
            None => build(self.builder(base)?.pool_idle_timeout(IDLE_TIMEOUT)),
        }
    }

    /// A client for one WebSocket's HTTP upgrade: HTTP/1.1 only, and nothing is kept for later. Cheap: the verifier, the
    /// roots and the TLS session cache are shared by the process (with extra roots, by the clones of this `Network`).
    /// `ws` and `wss` are schemes of the URL alone: ask this client for `http` and `https`.
    ///
    /// # Errors
    /// As [`check_url`](Network::check_url); [`TLS_FAILED`](codes::TLS_FAILED) when the platform's root certificates
    /// cannot be loaded.
    pub fn websocket(&self, target: &Url) -> Result<reqwest::Client> {
        self.check_url(target)?;
        build(self.builder(target)?.pool_max_idle_per_host(0))
    }

    fn full_user_agent(&self) -> String {
        let products = self.products.iter().map(String::as_str);
        products.chain([OWN_PRODUCT]).collect::<Vec<_>>().join(" ")
    }

    fn builder(&self, target: &Url) -> Result<ClientBuilder> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls(target)?)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(self.connect_timeout)
            .user_agent(self.full_user_agent())
            // Another crate in the program may have turned these on for all of it.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
        Ok(match &self.proxy {
            _ if is_loopback(target) => builder.no_proxy(),
            Some(proxy) => builder.no_proxy().proxy(proxy.proxy.clone()),
            None => builder,
        })
    }

    /// The TLS set-up for a target. A plaintext one on loopback takes a set-up that trusts nobody: a sandbox must run on a
    /// machine without certificates, and need not wait until they are loaded.
    fn tls(&self, target: &Url) -> Result<ClientConfig> {
        static TRUST_NOBODY: OnceLock<ClientConfig> = OnceLock::new();
        static PLATFORM: OnceLock<ClientConfig> = OnceLock::new();
        if is_loopback(target) && matches!(target.scheme(), "http" | "ws") {
            shared(&TRUST_NOBODY, trust_nobody)
        } else if self.extra_roots.is_empty() {
            shared(&PLATFORM, || trust_platform_and(&[]))
        } else {
            shared(&self.extra_roots_config, || trust_platform_and(&self.extra_roots))
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("user_agent", &self.full_user_agent())
            .field("connect_timeout", &self.connect_timeout)
            .field("proxy", &self.proxy.as_ref().map(|proxy| &proxy.shown))
            .field("extra_roots", &self.extra_roots.len())
            .field("allow_plaintext", &self.allow_plaintext)
            .field("own_rest_client", &self.rest_client.is_some())
            .finish()
    }
}

/// What `cell` holds, made at the first call that succeeds. A failure is not kept: certificates may be installed later.
fn shared(
    cell: &OnceLock<ClientConfig>,
    make: impl FnOnce() -> Result<ClientConfig>,
) -> Result<ClientConfig> {
    match cell.get() {
        Some(config) => Ok(config.clone()),
        None => {
            let config = make()?;
            Ok(cell.get_or_init(|| config).clone())
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    PROVIDER.clone()
}

fn trust_nobody() -> Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(tls_setup)?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(http1_only(config))
}

fn trust_platform_and(extra_roots: &[CertificateDer<'static>]) -> Result<ClientConfig> {
    let verifier = platform_verifier(extra_roots)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(tls_setup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(http1_only(config))
}

#[cfg(not(target_os = "android"))]
fn platform_verifier(extra_roots: &[CertificateDer<'static>]) -> Result<Verifier> {
    Verifier::new_with_extra_roots(extra_roots.iter().cloned(), provider()).map_err(tls_setup)
}

#[cfg(target_os = "android")]
fn platform_verifier(extra_roots: &[CertificateDer<'static>]) -> Result<Verifier> {
    if !extra_roots.is_empty() {
        return Err(Error::invalid_config(
            "root_certificate_pem",
            "extra root certificates are not supported on Android: install them on the device",
        ));
    }
    Verifier::new(provider()).map_err(tls_setup)
}

/// reqwest leaves the protocols of a ready-made set-up alone, `http1_only` or not, so they are set here.
fn http1_only(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn tls_setup(error: rustls::Error) -> Error {
    Error::new(&codes::TLS_FAILED, "TLS cannot be set up on this machine: are root certificates installed?")
        .with_source(error)
}

fn build(builder: ClientBuilder) -> Result<reqwest::Client> {
    builder.build().map_err(|error| {
        Error::new(&codes::INVALID_CONFIG, "the HTTP client cannot be built").with_source(error.without_url())
    })
}

/// An address that somebody typed, as a URL with a host and one of these schemes. What was typed is not repeated in an error:
/// somebody may have put a key into it.
///
/// ```
/// use sdk_core::network::parse_url;
///
/// assert!(parse_url(" https://api.example ", "url", &["https", "http"]).is_ok());
/// let refused = parse_url("api.example", "url", &["https", "http"]).unwrap_err();
/// assert_eq!(refused.message(), "the address is no URL: it must begin with https:// or http://");
/// ```
///
/// # Errors
/// [`INVALID_CONFIG`](codes::INVALID_CONFIG), naming the field and the schemes.
pub fn parse_url(text: &str, field: &str, schemes: &[&str]) -> Result<Url> {
    let wrong = |what: &str| Error::invalid_config(field, format!("the address {what}"));
    let must = || format!("must begin with {}://", schemes.join(":// or "));
    let url = Url::parse(text.trim())
        .map_err(|cause| wrong(&format!("is no URL: it {}", must())).with_source(cause))?;
    if !schemes.contains(&url.scheme()) {
        return Err(wrong(&must()));
    }
    if !url.has_host() {
        return Err(wrong("has no host"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn urls_that_would_leak_a_key_are_refused() {
        let network = Network::new();
        for (target, refusal) in [
            ("https://api.example/x", None),
            ("wss://api.example/ws", None),
            ("http://127.0.0.1:8080", None),
            ("ws://localhost:3001/ws", None),
            ("ws://[::1]:3001/ws", None),
            ("http://api.example", Some(&codes::INSECURE_URL)),
            ("ws://10.0.0.1", Some(&codes::INSECURE_URL)),
            ("ws://localhost.evil.example", Some(&codes::INSECURE_URL)),
            ("ftp://127.0.0.1", Some(&codes::INVALID_CONFIG)),
            ("file:///etc/passwd", Some(&codes::INVALID_CONFIG)),
            ("data:text/plain,x", Some(&codes::INVALID_CONFIG)),
            ("https://bot:hunter2@api.example", Some(&codes::INVALID_CONFIG)),
            ("https://:hunter2@api.example", Some(&codes::INVALID_CONFIG)),
        ] {
            let error = network.check_url(&url(target)).err();
            assert_eq!(error.as_ref().map(Error::code), refusal, "{target}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        let open = network.allow_plaintext(true);
        assert!(open.check_url(&url("ws://api.example")).is_ok());
        assert!(open.check_url(&url("ftp://api.example")).is_err());
    }

    #[test]
    fn a_rest_client_is_not_made_for_a_websocket_url() {
        let network = Network::new();
        assert_eq!(network.rest(&url("ws://127.0.0.1:1")).unwrap_err().code(), &codes::INVALID_CONFIG);
        assert!(network.rest(&url("http://127.0.0.1:1")).is_ok());
        assert!(network.websocket(&url("ws://127.0.0.1:1")).is_ok());
    }

    #[test]
    fn a_proxy_never_shows_its_password() {
        for text in ["socks5://bot:hunter2@h:1", "bot:hunter2@h", "http://bot:hunter2@", "hunter2"] {
            let error = Network::new().proxy(text).unwrap_err();
            assert_eq!(error.code(), &codes::INVALID_CONFIG, "{text}");
            assert!(!format!("{error} {error:?} {}", error.chain()).contains("hunter2"), "{error:?}");
        }
        let network = Network::new().proxy("http://bot:hunter2@proxy.example:3128").unwrap();
        let shown = format!("{network:?}");
        assert!(shown.contains("proxy.example:3128") && !shown.contains("hunter2"), "{shown}");
        let client = format!("{:?}", network.rest(&url("https://127.0.0.1:1")));
        assert!(!client.contains("hunter2"), "{client}");
    }

    #[test]
    fn the_user_agent_names_every_product_once_and_ours_last() {
        let network =
            Network::new().user_agent("my bot/1.0").user_agent("x-sdk/2\r\nEvil: 1").user_agent("my bot/1.0");
        assert_eq!(network.full_user_agent(), format!("my bot/1.0 x-sdk/2Evil: 1 {OWN_PRODUCT}"));
    }

    #[test]
    fn text_without_a_certificate_is_refused() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = Network::new().root_certificate_pem(pem.as_bytes()).unwrap_err();
            assert_eq!(error.code(), &codes::INVALID_CONFIG, "{pem}");
        }
    }
}
