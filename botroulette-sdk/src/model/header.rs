//! The headers of the platform (spec, "Headers BotRoulette sends to your bot").

use http::HeaderName;

/// Continues a conversation: in requests, and in the proxy's answers.
pub const SESSION_ID: HeaderName = HeaderName::from_static("x-kpath-session-id");
/// One request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-kpath-request-id");
/// One message.
pub const MESSAGE_ID: HeaderName = HeaderName::from_static("x-kpath-message-id");
/// Who the caller says it is.
pub const USER_TOKEN: HeaderName = HeaderName::from_static("x-kpath-user-token");
/// How restricted a request is.
pub const PRIVACY_LEVEL: HeaderName = HeaderName::from_static("x-kpath-privacy-level");
/// The bot's key, in calls to the API.
pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
