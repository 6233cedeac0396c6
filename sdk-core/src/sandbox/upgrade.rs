//! The WebSocket upgrade, as an extractor for a platform's handler.

use axum::Json;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::peer::Peer;
use super::server::Connection;

/// The most bytes of an incoming message, unless [`Upgrade::max_message_size`] says otherwise: 1 MiB.
pub const MAX_MESSAGE_SIZE: usize = 1024 * 1024;

/// A request to upgrade to a WebSocket, checked: an argument of an axum handler in a sandbox's router.
///
/// ```
/// use axum::{Router, routing::get};
/// use sdk_core::sandbox::{Incoming, Upgrade};
///
/// let router: Router = Router::new().route(
///     "/ws",
///     get(async |upgrade: Upgrade| {
///         upgrade.on_connect(async move |mut peer| {
///             while let Incoming::Text(text) = peer.recv().await {
///                 peer.send(text).await;
///             }
///         })
///     }),
/// );
/// # drop(router);
/// ```
#[derive(Debug)]
pub struct Upgrade {
    on_upgrade: OnUpgrade,
    connection: Connection,
    accept: HeaderValue,
    protocol: Option<HeaderValue>,
    path: String,
    max_message_size: usize,
}

impl Upgrade {
    /// The most bytes of an incoming message; a larger one is answered with close code 1009.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// The subprotocol that the answer names, where the platform has one.
    #[must_use]
    pub fn protocol(mut self, protocol: HeaderValue) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// Answers 101, and runs `session` on the WebSocket. The session is a task of the server: it ends with it.
    pub fn on_connect<F, Fut>(self, session: F) -> Response
    where
        F: FnOnce(Peer) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let Self { on_upgrade, connection, accept, protocol, path, max_message_size } = self;
        let server = connection.server.clone();
        server.spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => {
                    let peer = Peer::new(TokioIo::new(upgraded), connection, &path, max_message_size);
                    session(peer).await;
                }
                Err(error) => tracing::debug!(%error, "the connection ended before its upgrade"),
            }
        });
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(protocol) = protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        *response.body_mut() = Body::empty();
        response
    }
}

/// Why a request is no WebSocket upgrade. It answers 400, 405 or 426 with a JSON body `{"error": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpgradeRejection {
    /// 405: the method is not GET.
    MethodNotGet,
    /// 426: the headers do not ask for a WebSocket.
    NotAnUpgrade,
    /// 426: a version other than 13.
    UnsupportedVersion,
    /// 400: no `Sec-WebSocket-Key`, or one that is not 16 bytes in base64.
    InvalidKey,
    /// 500: the router is not served by [`serve`](super::serve).
    NotServed,
}

impl UpgradeRejection {
    /// The status that it answers with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MethodNotGet => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAnUpgrade | Self::UnsupportedVersion => StatusCode::UPGRADE_REQUIRED,
            Self::InvalidKey => StatusCode::BAD_REQUEST,
            Self::NotServed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What it says.
    pub fn message(&self) -> &'static str {
        match self {
            Self::MethodNotGet => "a WebSocket is opened with GET",
            Self::NotAnUpgrade => "this is a WebSocket: send `Connection: upgrade` and `Upgrade: websocket`",
            Self::UnsupportedVersion => "send `Sec-WebSocket-Version: 13`",
            Self::InvalidKey => "`Sec-WebSocket-Key` must be 16 bytes in base64",
            Self::NotServed => "the router is not served by `sdk_core::sandbox::serve`",
        }
    }
}

impl IntoResponse for UpgradeRejection {
    fn into_response(self) -> Response {
        let body = Json(serde_json::json!({ "error": self.message() }));
        let mut response = (self.status(), body).into_response();
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = UpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, UpgradeRejection> {
        if parts.method != Method::GET {
            return Err(UpgradeRejection::MethodNotGet);
        }
        if !is_upgrade(&parts.headers) {
            return Err(UpgradeRejection::NotAnUpgrade);
        }
        if parts.headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(UpgradeRejection::UnsupportedVersion);
        }
        let key = parts.headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
        let key = key.filter(|key| is_key(key)).ok_or(UpgradeRejection::InvalidKey)?;
        let accept = HeaderValue::from_str(&derive_accept_key(key));
        let accept = accept.map_err(|_| UpgradeRejection::InvalidKey)?;
        let connection = parts.extensions.get::<Connection>().cloned();
        let connection = connection.ok_or(UpgradeRejection::NotServed)?;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(UpgradeRejection::NotServed)?;
        let path = parts.uri.path().to_owned();
        Ok(Self { on_upgrade, connection, accept, protocol: None, path, max_message_size: MAX_MESSAGE_SIZE })
    }
}

/// Whether the headers ask for a WebSocket.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    let holds = |name: HeaderName, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    holds(CONNECTION, "upgrade") && holds(UPGRADE, "websocket")
}

/// 16 bytes in base64: 22 characters and two of padding.
fn is_key(key: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key.iter().take(22).all(is_base64)
}
