//! Orders of faults: which, when, how often, and for whom.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fault::{Fault, Layer};
use crate::error::{Error, Result};

/// When a fault happens. In JSON: `"now"`, `"nextConnection"`, `{"afterFrames": 3}`, `{"sent": "your_turn"}`.
///
/// A message's type may be `"*"`, for any.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// At once, on every live connection. Faults of connecting and of HTTP: at the next connect, or the next request.
    #[default]
    Now,
    /// Right after the next WebSocket upgrade. Faults of connecting: at the next connect. Faults of HTTP: at the next
    /// upgrade request.
    NextConnection,
    /// On a connection to which the server has just sent so many messages; 0 is right after the upgrade.
    AfterFrames(u64),
    /// Before a message of this type goes out.
    Sending(String),
    /// When a message of this type has gone out.
    Sent(String),
    /// When a message of this type has arrived, before the platform sees it. A fault that ends the connection means
    /// that the platform never does.
    Received(String),
    /// When the platform has taken a message of this type, before it answers.
    Handled(String),
    /// At an HTTP request whose path contains this text, before the platform sees it.
    Request(String),
    /// When the platform has handled an HTTP request whose path contains this text, instead of its answer.
    Answered(String),
}

impl When {
    /// [`When::Sending`].
    pub fn sending(kind: impl Into<String>) -> Self {
        Self::Sending(kind.into())
    }

    /// [`When::Sent`].
    pub fn sent(kind: impl Into<String>) -> Self {
        Self::Sent(kind.into())
    }

    /// [`When::Received`].
    pub fn received(kind: impl Into<String>) -> Self {
        Self::Received(kind.into())
    }

    /// [`When::Handled`].
    pub fn handled(kind: impl Into<String>) -> Self {
        Self::Handled(kind.into())
    }

    /// [`When::Request`].
    pub fn request(path: impl Into<String>) -> Self {
        Self::Request(path.into())
    }

    /// [`When::Answered`].
    pub fn answered(path: impl Into<String>) -> Self {
        Self::Answered(path.into())
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::NextConnection => f.write_str("on the next connection"),
            Self::AfterFrames(count) => write!(f, "after {count} messages"),
            Self::Sending(kind) => write!(f, "before {kind} is sent"),
            Self::Sent(kind) => write!(f, "when {kind} was sent"),
            Self::Received(kind) => write!(f, "when {kind} was received"),
            Self::Handled(kind) => write!(f, "when {kind} was handled"),
            Self::Request(path) => write!(f, "at a request for {path}"),
            Self::Answered(path) => write!(f, "when a request for {path} was handled"),
        }
    }
}

/// What happens, when, how often, and to whom.
///
/// In JSON the fault's own fields stand beside the order's:
///
/// ```
/// use sdk_core::sandbox::{Fault, Order, When};
///
/// let order: Order = serde_json::from_str(
///     r#"{"fault": "close", "code": 4001, "reason": "bye", "when": {"sent": "your_turn"}, "times": 2, "skip": 1}"#,
/// )?;
/// let fault = Fault::Close { code: 4001, reason: "bye".into() };
/// assert_eq!(order, fault.on(When::sent("your_turn")).times(2).skip(1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
#[non_exhaustive]
pub struct Order {
    /// What happens.
    #[serde(flatten)]
    pub fault: Fault,
    /// When. Default: now.
    pub when: When,
    /// How many times. Default 1; [`u32::MAX`] is for ever. Without meaning for [`When::Now`] on live connections.
    pub times: u32,
    /// How many such moments pass by first. Default 0.
    pub skip: u32,
    /// Only on connections of this agent: a label that the platform gave to [`Peer::identify`](super::Peer::identify),
    /// such as an agent's id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
}

impl Order {
    /// So many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// For ever, until it is cleared.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// Lets the first `skip` such moments pass: "at the third" is `skip(2)`.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Only on connections of the agent with this label.
    #[must_use]
    pub fn only(mut self, label: impl Into<String>) -> Self {
        self.only = Some(label.into());
        self
    }

    /// Whether the fault can happen at that moment, and its numbers are within their limits.
    pub(crate) fn check(&self) -> Result<()> {
        self.fault.check()?;
        if self.times == 0 {
            return Err(Error::invalid_argument("times", "at least 1"));
        }
        let name = self.fault.name();
        let of_connecting = matches!(self.when, When::Now | When::NextConnection);
        let of_http = matches!(self.when, When::Request(_) | When::Answered(_));
        match self.fault.layer() {
            Layer::Accept if !of_connecting => Err(Error::invalid_argument(
                "when",
                format!("{name} is a fault of connecting: \"now\" or \"nextConnection\""),
            )),
            Layer::Http if !of_connecting && !of_http => Err(Error::invalid_argument(
                "when",
                format!(
                    "{name} is a fault of HTTP: \"now\", \"nextConnection\", {{\"request\": path}} or {{\"answered\": path}}"
                ),
            )),
            Layer::Message if of_http => Err(Error::invalid_argument(
                "when",
                format!("{name} is a fault of WebSocket messages, and cannot happen at an HTTP request"),
            )),
            Layer::Accept | Layer::Http if self.only.is_some() => Err(Error::invalid_argument(
                "only",
                format!("{name} happens before the agent is known; leave `only` out"),
            )),
            _ => Ok(()),
        }
    }
}

impl From<Fault> for Order {
    /// The fault once, now.
    fn from(fault: Fault) -> Self {
        fault.on(When::Now)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.name())?;
        match self.times {
            1 => f.write_str(" once")?,
            u32::MAX => f.write_str(" always")?,
            times => write!(f, " {times} times")?,
        }
        write!(f, " {}", self.when)?;
        if self.skip > 0 {
            let plural = if self.skip == 1 { "" } else { "s" };
            write!(f, ", after {} such moment{plural}", self.skip)?;
        }
        if let Some(label) = &self.only {
            write!(f, ", only for {label}")?;
        }
        Ok(())
    }
}

impl TryFrom<Value> for Order {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let Value::Object(mut given) = value else {
            return Err("an order is a JSON object such as {\"fault\": \"dropTcp\"}".into());
        };
        let name = match given.get("fault") {
            Some(Value::String(name)) => name.clone(),
            Some(other) => return Err(format!("`fault` is the name of a fault, not {other}")),
            None => return Err(format!("`fault` is missing; known are {}", Fault::NAMES.join(", "))),
        };
        if Fault::named(&name).is_none() {
            return Err(format!("no fault is named \"{name}\"; known are {}", Fault::NAMES.join(", ")));
        }
        let when = take(&mut given, "when")?.unwrap_or_default();
        let times = take(&mut given, "times")?.unwrap_or(1);
        let skip = take(&mut given, "skip")?.unwrap_or(0);
        let only = take(&mut given, "only")?;
        given.retain(|_, value| !value.is_null());
        let fault: Fault = serde_json::from_value(Value::Object(given.clone()))
            .map_err(|error| format!("the fault \"{name}\": {error}"))?;
        // Serde ignores what a variant does not know; a mistyped field would be a fault other than the one meant.
        let known = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
        if let Some(stray) = given.keys().find(|key| known.get(key).is_none()) {
            return Err(format!("the fault \"{name}\" has no field `{stray}`"));
        }
        Ok(Self { fault, when, times, skip, only })
    }
}

fn take<T: serde::de::DeserializeOwned>(
    given: &mut Map<String, Value>,
    key: &str,
) -> Result<Option<T>, String> {
    match given.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value).map(Some).map_err(|error| format!("`{key}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::{MAX_DELAY_MS, MAX_HUGE};
    use super::*;

    #[test]
    fn every_name_is_a_fault_and_every_fault_says_its_name() {
        for name in Fault::NAMES {
            let fault = Fault::named(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(fault.name(), *name);
            let order = fault.on(When::Now);
            let json = serde_json::to_string(&order).unwrap();
            assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order, "{json}");
        }
    }

    #[test]
    fn a_wrong_order_says_what_is_wrong() {
        let complaint = |json: &str| serde_json::from_str::<Order>(json).unwrap_err().to_string();
        assert!(
            complaint(r#"{"fault":"gremlins"}"#).contains("no fault is named \"gremlins\"; known are refuse")
        );
        assert!(complaint(r#"{"when":"now"}"#).contains("`fault` is missing"));
        assert!(complaint(r#"{"fault":"close","kode":1}"#).contains("has no field `kode`"));
        assert!(complaint(r#"{"fault":"dropTcp","field":"x"}"#).contains("has no field `field`"));
        assert!(complaint(r#"{"fault":"close","code":"x"}"#).contains("the fault \"close\""));
        assert!(complaint(r#"{"fault":"dropTcp","when":"later"}"#).contains("`when`"));
        assert!(complaint("[]").contains("a JSON object"));
    }

    #[test]
    fn an_order_at_an_impossible_moment_is_refused() {
        let refused = |order: Order| order.check().unwrap_err().field().map(str::to_owned);
        assert_eq!(refused(Fault::RefuseConnect.on(When::sent("x"))).as_deref(), Some("when"));
        assert_eq!(refused(Fault::Unauthorized.on(When::received("x"))).as_deref(), Some("when"));
        assert_eq!(refused(Fault::GarbageText.on(When::request("/"))).as_deref(), Some("when"));
        assert_eq!(refused(Fault::Forbidden.on(When::Now).only("me")).as_deref(), Some("only"));
        assert_eq!(refused(Fault::DropTcp.on(When::Now).times(0)).as_deref(), Some("times"));
        assert_eq!(refused(Fault::Huge { bytes: MAX_HUGE + 1 }.into()).as_deref(), Some("bytes"));
        assert_eq!(refused(Fault::Fragments { count: 0 }.into()).as_deref(), Some("count"));
        assert_eq!(refused(Fault::Slow { delay_ms: MAX_DELAY_MS + 1 }.into()).as_deref(), Some("delayMs"));
        let split = Fault::RateLimited { retry_after: "1\r\nx: y".into() };
        assert_eq!(refused(split.into()).as_deref(), Some("retryAfter or location"));
    }
}
