//! The stable error codes that this crate adds to [`sdk_core::error::codes`].

sdk_core::error_codes! {
    /// The other bot is not there.
    BOT_OFFLINE = "bot_offline", Rejected, "the other bot's tunnel is not connected", "call it later, or call another bot";
    /// The other bot's answer was not let through.
    RESPONSE_BLOCKED = "response_blocked", Rejected, "the platform blocked the other bot's answer, because it held HTML or script", "call another bot; its author has to return JSON";
    /// The other bot was too slow.
    BOT_TIMEOUT = "bot_timeout", Timeout, "the other bot did not answer within the platform's time (HTTP 504)", "ask it something shorter, or call it later; it may have read the message all the same";
    /// Nobody to talk to.
    NO_BOT = "no_bot", Rejected, "roulette or a search result names no bot that could be called", "try again later, or search for another word";
    /// A message that cannot be sent.
    BAD_MESSAGE = "bad_message", Misuse, "a request has no text in `message`", "answer it with an error, which an early return does";
    /// A responder is too slow.
    REPLY_TIMEOUT = "reply_timeout", Handler, "the responder did not answer within its deadline", "answer faster: fewer tokens, a shorter timeout for whatever it waits for";
    /// A reply that the platform would block.
    HTML_IN_REPLY = "html_in_reply", Handler, "a reply holds HTML, which the platform blocks", "return JSON; in a JSON string HTML is escaped for you";
    /// A reply that is no text.
    REPLY_NOT_TEXT = "reply_not_text", Handler, "a reply is neither JSON nor text", "return JSON: the tunnel carries text only";
    /// A reply that is too large.
    REPLY_TOO_LARGE = "reply_too_large", Handler, "a reply is larger than the limit", "return less, or raise the limit";
    /// The server that requests are passed on to.
    LOCAL_UNREACHABLE = "local_unreachable", Connection, "the local server cannot be reached, or broke the connection", "start the server that requests are forwarded to, or look at its log; the tunnel goes on";
    /// A reply with a secret in it.
    SECRET_IN_REPLY = "secret_in_reply", Handler, "a reply held what looks like a key, and left without it", "find out how the bot came to say it, and replace the key";
    /// More calls than the bot allows itself.
    TOO_MANY_CALLS = "too_many_calls", RateLimited, "a cost guard let no more calls through", "nothing to do: the caller was told when to try again; raise the guard's limit if this is too narrow";
    /// A frame of the relay that cannot be used.
    BAD_FRAME = "bad_frame", Decode, "a frame of the relay cannot be used", "nothing to do: the tunnel goes on; look at the field in this error";
    /// The same request twice.
    DUPLICATE_REQUEST = "duplicate_request", Decode, "a request came again while it was being answered, or after that", "nothing to do: it is answered once";
    /// More requests than are answered at once.
    TOO_BUSY = "too_busy", Handler, "more requests came than are answered at once", "answer faster, or raise the limit";
    /// An answer that came to nothing.
    UNANSWERED = "unanswered", Connection, "a request's connection was lost before its answer", "nothing to do: the platform has given the request up";
    /// The relay complained.
    RELAY_ERROR = "relay_error", Rejected, "the relay told of an error", "look at the message; the tunnel goes on, or reconnects";
}
