//! The server side of BotOrNot on loopback (feature `sandbox`).
